"""Results that did not come whole: what is kept, and what is asked for when one goes on."""

import uuid

import pytest
from django.core.exceptions import ValidationError

from accounts.actions import deactivate_user
from generator.actions import add_variant, resume_variant, stop_variant
from generator.models import Variant, Work
from generator.results import results_of
from generator.steps import AT_ONCE, BY_PERSON
from providers.errors import LimitReached
from providers.models import ModelSpec
from runs.actions import finish
from runs.claims import claim
from runs.models import Run
from runs.states import State
from runs.sweeper import sweep_runs
from tests.generator.readers import answer, filled, prompt_text, queued, variant_of
from tests.generator.test_long_material import noted, pages
from tests.threads import in_threads
from usage.limits import set_limits
from usage.models import Limit

pytestmark = pytest.mark.django_db


@pytest.fixture
def story(owner, model) -> Variant:
    return variant_of(owner, model, "story", filled("story", idea="A cat finds a boat."))


@pytest.fixture
def summary(owner, model) -> Variant:
    return variant_of(owner, model, "summary", filled("summary", text=pages(40)))


def end(variant: Variant, text: str, state: State, reason: str = "stop") -> None:
    answer(queued(variant)[0], text, state, reason)


def shown(variant: Variant):
    return results_of(variant.work, [variant.pk])[0]


@pytest.mark.parametrize("state", [State.STOPPED, State.INTERRUPTED])
def test_what_was_written_is_kept_and_gone_on_with(story, model, state):
    end(story, "The beginning", state)
    story.refresh_from_db()
    assert story.text == "The beginning"
    assert shown(story).goes_on
    resume_variant(story, model)
    run = queued(story)[0].run
    assert run.prefix == "The beginning"
    end(story, "The beginning and the end.", State.DONE)
    story.refresh_from_db()
    assert (story.text, story.paused_by) == ("The beginning and the end.", "")
    assert not shown(story).can_resume


def test_one_that_was_cut_can_go_on(story, model):
    end(story, "Cut in the", State.DONE, "length")
    assert shown(story).can_resume
    resume_variant(story, model)
    assert queued(story)[0].run.prefix == "Cut in the"


def test_one_that_failed_with_nothing_begins_anew(story, model):
    end(story, "", State.FAILED)
    result = shown(story)
    assert (result.can_resume, result.goes_on) == (True, False)
    assert str(result.sentence)
    resume_variant(story, model)
    step = queued(story)[0]
    assert step.run.prefix == ""
    assert "A cat finds a boat." in prompt_text(step.run, model)


def test_a_table_begins_anew(owner, model):
    variant = variant_of(owner, model, "extraction", filled("extraction", text="Ada met Ben."))
    end(variant, '{"rows', State.STOPPED)
    resume_variant(variant, model)
    assert queued(variant)[0].run.prefix == ""


def test_one_that_is_whole_or_under_way_is_left_alone(story, model):
    resume_variant(story, model)
    assert Run.objects.count() == 1
    end(story, "All.", State.DONE)
    resume_variant(story, model)
    assert Run.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_who_resume_one_does(story, model):
    end(story, "Half", State.STOPPED)
    in_threads(*[lambda: resume_variant(story, model)] * 8)
    assert Run.objects.live().count() == 1


def test_a_stop_in_the_middle_keeps_the_parts_that_were_read(summary, model):
    assert len(queued(summary)) == AT_ONCE
    for step in queued(summary)[:3]:
        answer(step, "A note.")
    stop_variant(summary)
    summary.refresh_from_db()
    assert summary.paused_by == BY_PERSON
    assert not Run.objects.live().exists()
    result = shown(summary)
    assert (result.state, result.progress.done, result.is_stopped) == ("paused", 3, True)
    total = result.progress.total
    resume_variant(summary, model)
    asked = 0
    while shown(summary).state == "reading":
        for step in queued(summary):
            asked += 1
            answer(step, noted(prompt_text(step.run, model)))
    assert asked == total - 3 + summary.steps.filter(level__gt=0, is_last=False).count()


def test_a_part_that_failed_pauses_and_only_what_is_missing_is_asked_again(summary, model):
    first, *others = queued(summary)
    answer(first, "", State.FAILED)
    for step in others:
        answer(step, "A note.")
    summary.refresh_from_db()
    assert summary.paused_by == "cut_stream"
    assert not Run.objects.live().exists()
    resume_variant(summary, model)
    again = queued(summary)
    assert again[0].pk == first.pk
    assert not {step.pk for step in again} & {step.pk for step in others}


def test_what_failed_is_asked_again_at_once_beside_what_is_being_read(summary, model):
    first, second, *others = queued(summary)
    answer(first, "", State.FAILED)
    answer(second, "A note.")
    resume_variant(summary, model)
    live = set(summary.steps.live().values_list("pk", flat=True))
    assert len(live) == AT_ONCE
    assert live >= {first.pk, *(step.pk for step in others)}
    tries = summary.steps.filter(pk__in=[step.pk for step in others]).values_list("tries")
    assert set(tries) == {(1,)}


def test_what_is_being_stopped_is_not_gone_on_with(story, model):
    run = claim(queued(story)[0].run_id, "slow")
    stop_variant(story)
    resume_variant(story, model)
    assert Run.objects.count() == 1
    assert finish(run, State.STOPPED, text="Half")
    assert shown(story).is_stopped
    resume_variant(story, model)
    assert queued(story)[0].run.prefix == "Half"


def test_a_stop_that_came_too_late_changes_nothing(story, model):
    for _time in range(2):
        end(story, "", State.DONE)
    Variant.objects.filter(pk=story.pk).update(paused_by=BY_PERSON)
    assert shown(story).state == State.DONE
    other = ModelSpec.objects.create(provider=model.provider, name="n", label="Model N")
    resume_variant(story, other)
    story.refresh_from_db()
    assert (story.model, story.problem) == (model, "empty")
    assert not queued(story)


def test_while_parts_hear_of_a_stop_nothing_is_offered(summary, model):
    run = claim(queued(summary)[0].run_id, "slow")
    stop_variant(summary)
    result = shown(summary)
    assert (result.state, result.is_live, result.can_resume) == ("reading", True, False)
    assert finish(run, State.STOPPED, text="")
    result = shown(summary)
    assert (result.state, result.is_stopped, result.can_resume) == ("paused", True, True)


def test_a_pause_is_told_to_pages_that_come_back(summary):
    before = Variant.objects.get(pk=summary.pk).updated_at
    answer(queued(summary)[0], "", State.FAILED)
    paused = Variant.objects.get(pk=summary.pk)
    assert paused.paused_by
    assert paused.updated_at > before


def test_a_stop_that_comes_while_the_last_part_ends_leaves_it_whole(owner, model):
    """The worker has ended its Run and waits for the variant, which is being stopped."""
    values = filled("translation", text="\n\n".join(["A line to translate."] * 200))
    variant = variant_of(owner, model, "translation", values | {"language": "German"})
    *others, last = queued(variant)
    assert others
    for step in others:
        answer(step, "Eine Zeile.")
    Variant.objects.filter(pk=variant.pk).update(paused_by=BY_PERSON)
    answer(last, "Eine Zeile.")
    result = shown(variant)
    assert (result.state, result.variant.paused_by) == ("done", "")
    assert result.text.count("Eine Zeile.") == len(others) + 1


def test_a_recipe_that_goes_while_parts_are_read_ends_it(owner, model):
    variant = variant_of(owner, model, "summary", filled("summary", text=pages(5)))
    Work.objects.update(recipe="of-yesterday")
    for step in queued(variant):
        answer(step, "A note.")
    assert shown(variant).state == "paused"
    with pytest.raises(ValidationError):
        resume_variant(variant, model)


def test_a_limit_in_the_middle_pauses_says_so_and_goes_on(owner, summary, model):
    set_limits(owner, requests_per_minute=0)
    for step in list(queued(summary)):
        answer(step, "A note.")
    result = shown(summary)
    assert result.state == "paused"
    assert not result.is_stopped
    assert str(result.sentence)
    with pytest.raises(LimitReached):
        resume_variant(summary, model)
    Limit.objects.all().delete()
    resume_variant(summary, model)
    assert len(queued(summary)) == AT_ONCE


@pytest.mark.django_db(transaction=True)
def test_parts_that_end_at_the_same_moment_begin_what_follows_once(owner, model):
    variant = variant_of(owner, model, "summary", filled("summary", text=pages(5)))
    steps = queued(variant)
    assert 2 <= len(steps) <= AT_ONCE
    in_threads(*[lambda step=step: answer(step, "A note.") for step in steps])
    assert variant.steps.filter(level=1).count() == 1
    assert len(queued(variant)) == 1


def test_for_who_is_suspended_nothing_more_is_asked_and_nothing_is_lost(owner, summary, model):
    first, *_others = queued(summary)
    run = claim(first.run_id, "test")
    deactivate_user(owner)
    assert finish(run, State.DONE, text="A note.", finish_reason="stop")
    assert not Run.objects.startable().exists()
    sweep_runs()
    result = shown(summary)
    assert (result.state, result.progress.done) == ("paused", 1)
    assert not Run.objects.live().exists()


def test_where_the_model_is_gone_another_goes_on(owner, story, model):
    end(story, "Half", State.STOPPED)
    ModelSpec.objects.filter(pk=model.pk).delete()
    other = ModelSpec.objects.create(provider=model.provider, name="n", label="Model N")
    story.refresh_from_db()
    assert (story.model, shown(story).text) == (None, "Half")
    resume_variant(story, other)
    assert queued(story)[0].run.model == other


@pytest.mark.parametrize("count", [5, 40], ids=["the last parts", "some parts"])
def test_a_model_that_goes_while_parts_are_read_ends_it_with_a_sentence(owner, model, count):
    variant = variant_of(owner, model, "summary", filled("summary", text=pages(count)))
    steps = queued(variant)
    ModelSpec.objects.filter(pk=model.pk).delete()
    for step in steps:
        answer(step, "A note.")
    result = shown(variant)
    assert (result.state, result.can_resume) == ("paused", True)
    assert str(result.sentence)
    other = ModelSpec.objects.create(provider=model.provider, name="n", label="Model N")
    resume_variant(variant, other)
    again = queued(variant)
    assert all(step.run.model == other for step in again)
    assert again
    assert not {step.pk for step in again} & {step.pk for step in steps}


def test_another_model_can_make_one_more(owner, story, model):
    other = ModelSpec.objects.create(provider=model.provider, name="n", label="Model N")
    added = add_variant(story.work, other, uuid.uuid4())
    assert queued(added)[0].run.model == other
