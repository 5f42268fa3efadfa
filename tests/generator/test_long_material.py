"""A text of any length: each part is read once, then notes on notes until they fit."""

import re

import pytest

from generator.actions import resume_variant
from generator.door import GeneratorDoor
from generator.models import Step, Variant
from generator.results import results_of
from providers.models import ModelSpec
from providers.tokens import count, input_bound
from runs.states import State
from tests.generator.readers import (
    answer,
    answer_all,
    filled,
    prompt_text,
    queued,
    variant_of,
)

pytestmark = pytest.mark.django_db

SENTENCE = "The committee met on a Tuesday and talked at length about the budget. "
MARK = re.compile(r"FACT-\d+")


def pages(count: int) -> str:
    """Return so many pages with a fact in the middle of each."""
    half = SENTENCE * 18
    return "\n\n".join(f"{half}The code is FACT-{page}. {half}" for page in range(count))


def noted(prompt: str) -> str:
    """Answer with the facts of what was read, and a few words."""
    return "- The committee met.\n- " + " ".join(MARK.findall(prompt))


@pytest.fixture
def summary(owner, model) -> Variant:
    return variant_of(owner, model, "summary", filled("summary", text=pages(12)))


def level(variant: Variant, number: int) -> list[Step]:
    return list(variant.steps.filter(level=number).order_by("position"))


def test_a_text_that_fits_is_read_at_once(owner, model):
    variant = variant_of(owner, model, "summary", filled("summary", text="A few words."))
    assert len(answer_all(variant, model, lambda prompt: "Few.")) == variant.steps.count() == 1
    variant.refresh_from_db()
    assert (variant.text, variant.problem) == ("Few.", "")


def test_each_fact_is_in_one_parts_prompt(summary, model):
    asked = answer_all(summary, model, noted)
    parts = asked[: len(level(summary, 0))]
    for page in range(12):
        assert sum(bool(re.search(rf"FACT-{page}\b", part)) for part in parts) == 1


def test_every_prompt_fits_into_the_models_context(summary, model):
    while steps := queued(summary):
        for step in steps:
            prompt = GeneratorDoor().build(step.run, model)
            assert input_bound(prompt, model) + prompt.max_tokens <= model.context_window
            answer(step, noted(prompt.turns[-1].text))


def test_notes_are_read_in_levels_until_one_answer_is_left(owner, model):
    variant = variant_of(owner, model, "summary", filled("summary", text=pages(200)))
    asked = answer_all(variant, model, lambda prompt: noted(prompt) + "\n" + SENTENCE * 5)
    highest = variant.steps.get(is_last=True).level
    sizes = [len(level(variant, number)) for number in range(highest + 1)]
    assert len(asked) == sum(sizes)
    assert sizes[-1] == 1
    assert len(sizes) > 2
    assert sizes == sorted(sizes, reverse=True)
    variant.refresh_from_db()
    assert set(MARK.findall(variant.text)) == {f"FACT-{page}" for page in range(200)}


def test_only_so_many_parts_are_asked_at_once(owner, model):
    variant = variant_of(owner, model, "summary", filled("summary", text=pages(60)))
    assert len(queued(variant)) == 12 < variant.steps.count()
    answer(queued(variant)[0], "- a note")
    assert len(queued(variant)) == 12


def test_a_failed_part_pauses_and_only_what_is_missing_is_asked_again(summary, model):
    parts = queued(summary)
    answer(parts[0], "", State.FAILED)
    for step in parts[1:]:
        answer(step, f"- note {step.position}")
    summary.refresh_from_db()
    assert summary.paused_by == "cut_stream"
    assert not queued(summary)

    resume_variant(summary, model)
    again = queued(summary)
    missing = level(summary, 0)[len(parts) :]
    assert [step.pk for step in again] == [parts[0].pk, *(step.pk for step in missing)]
    assert all(step.run_id is not None for step in again)
    answer_all(summary, model, noted)
    summary.refresh_from_db()
    assert summary.text
    assert not summary.paused_by


def test_a_part_that_is_answered_twice_counts_once(summary, model):
    first = queued(summary)[0]
    run = first.run
    answer(first, "- once")
    resume_variant(summary, model)
    assert Step.objects.get(pk=first.pk).run_id == run.pk


class TestEndToEnd:
    """The answers to the parts are the result, one after the other."""

    @pytest.fixture
    def values(self):
        paragraphs = [f"Paragraph {number} for {{name}}. {SENTENCE * 3}" for number in range(30)]
        return filled("translation", text="\n\n".join(paragraphs), language="German")

    @pytest.fixture
    def variant(self, owner, model, values) -> Variant:
        return variant_of(owner, model, "translation", values)

    @staticmethod
    def upper(prompt: str) -> str:
        text = prompt.partition("<text>\n")[2].rpartition("\n</text>")[0]
        return text.upper().replace("{NAME}", "{name}")

    def test_the_result_is_the_whole_text_with_its_own_spaces(self, variant, model, values):
        answer_all(variant, model, self.upper)
        variant.refresh_from_db()
        assert variant.steps.count() > 3
        assert variant.text == values["text"].upper().replace("{NAME}", "{name}")
        assert not variant.problem

    def test_with_its_last_part_it_is_done(self, variant, model):
        def shown():
            return results_of(variant.work, [variant.pk])[0]

        for step in queued(variant):
            assert shown().state == "reading"
            answer(step, self.upper(prompt_text(step.run, model)))
        answer_all(variant, model, self.upper)
        assert (shown().state, shown().is_live, shown().can_resume) == ("done", False, False)

    def test_joining_needs_no_model(self, owner, model):
        values = filled("translation", text=f"{SENTENCE}\n\n" * 30, language="German")
        variant = variant_of(owner, model, "translation", values)
        steps = queued(variant)
        assert len(steps) == variant.steps.count() > 1
        ModelSpec.objects.filter(pk=model.pk).delete()
        for step in steps:
            answer(step, "Der Ausschuss tagte am Dienstag und sprach lange über das Geld.")
        variant.refresh_from_db()
        assert variant.text.count("Der Ausschuss") == len(steps)
        assert results_of(variant.work, [variant.pk])[0].state == "done"

    def test_what_was_wrong_with_a_part_is_still_told_after_going_on(self, variant, model):
        bad, missing, *_others = queued(variant)
        for _time in range(2):
            answer(Step.objects.get(pk=bad.pk), "Absatz ohne Platzhalter.")
        answer(missing, "", State.FAILED)
        for step in queued(variant):
            answer(step, self.upper(prompt_text(step.run, model)))
        resume_variant(variant, model)
        answer_all(variant, model, self.upper)
        variant.refresh_from_db()
        assert "PARAGRAPH" in variant.text
        assert variant.problem == "lost_marks"

    def test_each_part_is_so_short_that_its_translation_fits_into_one_answer(self, variant, model):
        text = variant.work.values["text"]
        sizes = [count(text[step.start : step.end], model) for step in variant.steps.all()]
        assert max(sizes) <= model.max_output_tokens // 2

    def test_a_part_without_its_placeholders_is_asked_for_once_more(self, variant, model):
        step = queued(variant)[0]
        answer(step, "Absatz ohne Platzhalter.")
        again = Step.objects.get(pk=step.pk)
        assert again.run_id not in (None, step.run_id)
        assert "{name}" in prompt_text(again.run, model).rpartition("</text>")[2]
        answer(again, "Absatz ohne Platzhalter.")
        answer_all(variant, model, self.upper)
        variant.refresh_from_db()
        assert variant.problem == "lost_marks"
        assert variant.text.startswith("Absatz ohne Platzhalter.")

    def test_a_part_whose_answer_was_cut_goes_on_from_there(self, variant, model):
        step = queued(variant)[0]
        whole = self.upper(prompt_text(step.run, model))
        answer(step, whole[:40], reason="length")
        rest = Step.objects.select_related("run").get(pk=step.pk)
        assert rest.run.prefix == whole[:40]
        answer(rest, whole)
        answer_all(variant, model, self.upper)
        variant.refresh_from_db()
        assert variant.text.startswith(whole.strip())
        assert not variant.problem

    def test_a_cut_part_of_a_stopped_result_is_asked_for_when_it_goes_on(self, variant, model):
        step = queued(variant)[0]
        Variant.objects.filter(pk=variant.pk).update(paused_by="person")
        answer(step, "ABS", reason="length")
        assert Step.objects.get(pk=step.pk).run_id is None
        for other in queued(variant):
            answer(other, self.upper(prompt_text(other.run, model)))
        resume_variant(variant, model)
        answer_all(variant, model, self.upper)
        variant.refresh_from_db()
        assert variant.text.startswith("PARAGRAPH 0")


def test_rows_of_all_parts_are_one_table(owner, model):
    text = "\n\n".join(f"{SENTENCE * 4}Order {n} by Ada cost {n} euros." for n in range(20))
    values = filled("table-extraction", text=text, row="an order", columns="order\nprice")
    variant = variant_of(owner, model, "table-extraction", values)

    def read(prompt: str) -> str:
        found = re.findall(r"Order (\d+) by", prompt)
        rows = ", ".join(f'{{"order": "{n}", "price": {n}}}' for n in found)
        return f'{{"rows": [{rows}]}}'

    answer_all(variant, model, read)
    variant.refresh_from_db()
    assert variant.steps.count() > 1
    rows = [f"| {n} | {n} |" for n in range(20)]
    assert variant.text.splitlines() == ["| order | price |", "| --- | --- |", *rows]


def test_many_lines_are_labelled_in_parts_of_whole_lines(owner, model):
    lines = [f"Line {n}: the parcel came late. It was wet." for n in range(60)]
    values = filled(
        "classification", text="\n".join(lines), each_line=True, labels_from="sentiment"
    )
    variant = variant_of(owner, model, "classification", values)

    def label(prompt: str) -> str:
        numbers = re.findall(r"^(\d+)\. Line", prompt, re.MULTILINE)
        one = '{{"number": {}, "labels": ["negative"], "confidence": 0.8}}'
        return f'{{"results": [{", ".join(one.format(n) for n in numbers)}]}}'

    answer_all(variant, model, label)
    variant.refresh_from_db()
    assert variant.steps.count() > 1
    assert variant.text.splitlines()[2:] == [f"| {line} | negative | 80% |" for line in lines]


def test_a_part_that_was_misread_twice_is_shown_below_the_rows(owner, model):
    text = "\n\n".join(SENTENCE * 4 for _n in range(20))
    values = filled("extraction", text=text)
    variant = variant_of(owner, model, "extraction", values)
    bad = queued(variant)[0]
    answer(bad, "I found nothing, sorry.")
    answer(Step.objects.get(pk=bad.pk), "Sorry again.")
    good = '{"found": [{"kind": "date", "text": "Tuesday"}]}'
    answer_all(variant, model, lambda prompt: good)
    variant.refresh_from_db()
    assert variant.problem == "not_json"
    assert "| date | Tuesday |" in variant.text
    assert variant.text.endswith("~~~\nSorry again.\n~~~")


ODD = ['[["a"]]', '[["a", "b", "c"]]', "[]", '"text"', "[[]]"]


@pytest.mark.parametrize("odd", ODD, ids=["short", "words", "none", "text", "empty"])
def test_a_misread_part_that_looks_like_rows_is_shown_as_it_is(owner, model, odd):
    text = "\n\n".join(SENTENCE * 4 for _n in range(20))
    variant = variant_of(owner, model, "extraction", filled("extraction", text=text))
    bad = queued(variant)[0]
    for _time in range(2):
        answer(Step.objects.get(pk=bad.pk), odd)
    good = '{"found": [{"kind": "date", "text": "Tuesday"}]}'
    answer_all(variant, model, lambda prompt: good)
    variant.refresh_from_db()
    assert variant.problem == "not_json"
    assert variant.text.splitlines()[2].startswith("| date | Tuesday |")
    assert variant.text.endswith(f"~~~\n{odd}\n~~~")


@pytest.mark.parametrize("space", ["\f", "\u3000", "\xa0"], ids=["form feed", "wide", "no break"])
def test_rows_of_a_part_are_rows_whatever_space_it_ends_with(owner, model, space):
    text = f"{SENTENCE * 4}\n{space}\n" * 20
    variant = variant_of(owner, model, "extraction", filled("extraction", text=text))
    good = '{"found": [{"kind": "date", "text": "Tuesday"}]}'
    answer_all(variant, model, lambda prompt: good)
    variant.refresh_from_db()
    assert variant.steps.count() > 1
    assert variant.text.splitlines()[2:] == ["| date | Tuesday | 80 |"]


def test_a_part_that_is_answered_with_nothing_twice_leaves_the_rows(owner, model):
    text = "\n\n".join(SENTENCE * 4 for _n in range(20))
    variant = variant_of(owner, model, "extraction", filled("extraction", text=text))
    bad = queued(variant)[0]
    for _time in range(2):
        answer(Step.objects.get(pk=bad.pk), " ")
    good = '{"found": [{"kind": "date", "text": "Tuesday"}]}'
    answer_all(variant, model, lambda prompt: good)
    variant.refresh_from_db()
    assert variant.problem == "empty"
    assert len(variant.text.splitlines()) == 3
