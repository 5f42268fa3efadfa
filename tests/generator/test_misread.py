"""An answer that is not what was asked for: asked once more, then shown with its problem."""

import pytest

from generator.actions import resume_variant, stop_variant
from generator.models import Step, Variant
from generator.results import Result, results_of
from generator.steps import BY_PERSON
from runs.states import State
from tests.generator.readers import answer, filled, prompt_text, queued, variant_of

pytestmark = pytest.mark.django_db

ENGLISH = "The meeting was long, and nothing was decided in it at all."
CHINESE = "会议开了很久，最后什么也没有决定，大家都很失望。"


@pytest.fixture
def variant(owner, model) -> Variant:
    values = filled("summary", text="A long meeting.", language="Simplified Chinese")
    return variant_of(owner, model, "summary", values)


def again(variant: Variant) -> Step:
    (step,) = queued(variant)
    return step


def shown(variant: Variant) -> Result:
    return results_of(variant.work, [variant.pk])[0]


def bad_answer(problem: str, prompt: str) -> str:
    return {"empty": " \n", "echo": prompt, "language": ENGLISH}[problem]


@pytest.mark.parametrize("problem", ["empty", "echo", "language"])
def test_it_is_asked_once_more_with_what_was_wrong(variant, model, problem):
    step = again(variant)
    prompt = prompt_text(step.run, model)
    answer(step, bad_answer(problem, prompt))
    second = again(variant)
    assert prompt_text(second.run, model).startswith(f"{prompt}\n\nAn earlier answer ")
    assert (shown(variant).text, shown(variant).problem) == ("", "")
    answer(second, CHINESE)
    variant.refresh_from_db()
    assert (variant.text, variant.problem) == (CHINESE, "")


@pytest.mark.parametrize("problem", ["empty", "echo", "language"])
def test_the_second_time_it_is_shown_with_its_problem(variant, model, problem):
    for _time in range(2):
        step = again(variant)
        answer(step, bad_answer(problem, prompt_text(step.run, model)))
    assert not queued(variant)
    variant.refresh_from_db()
    assert variant.problem == problem
    assert bool(variant.text.strip()) is (problem != "empty")


@pytest.mark.parametrize("state", [State.FAILED, State.INTERRUPTED, State.STOPPED])
def test_where_the_second_brings_nothing_the_first_is_still_there(variant, model, state):
    answer(again(variant), ENGLISH)
    answer(again(variant), "", state)
    result = shown(variant)
    assert (result.text, result.variant.problem) == (ENGLISH, "language")
    assert result.problem
    assert (result.can_resume, result.goes_on) == (True, False)


def test_an_empty_second_answer_takes_nothing_away(variant):
    answer(again(variant), ENGLISH)
    answer(again(variant), " \n")
    result = shown(variant)
    assert (result.text, result.variant.problem, result.state) == (ENGLISH, "language", "done")


def test_what_the_second_brought_before_it_broke_off_is_newer(variant, model):
    answer(again(variant), ENGLISH)
    answer(again(variant), "会议", State.INTERRUPTED)
    result = shown(variant)
    assert (result.text, result.problem, result.goes_on) == ("会议", "", True)


def test_asked_again_by_hand_with_nothing_the_first_and_its_problem_stay(variant, model):
    answer(again(variant), ENGLISH)
    answer(again(variant), "", State.FAILED)
    resume_variant(variant, model)
    second = again(variant)
    assert second.run.prefix == ""
    assert (shown(variant).text, shown(variant).problem) == ("", "")
    answer(second, "", State.FAILED)
    assert (shown(variant).text, shown(variant).variant.problem) == (ENGLISH, "language")


def test_what_is_stopped_before_the_second_can_be_asked_once_more(variant, model):
    Variant.objects.filter(pk=variant.pk).update(paused_by=BY_PERSON)
    answer(again(variant), ENGLISH)
    stop_variant(variant)
    result = shown(variant)
    assert (result.state, result.text, result.goes_on) == ("paused", ENGLISH, False)
    resume_variant(variant, model)
    answer(again(variant), CHINESE)
    assert (shown(variant).text, shown(variant).problem) == (CHINESE, "")
