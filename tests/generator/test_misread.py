"""An answer that is not what was asked for: asked once more, then shown with its problem."""

import pytest

from generator.models import Step, Variant
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


def bad_answer(problem: str, prompt: str) -> str:
    return {"empty": " \n", "echo": prompt, "language": ENGLISH}[problem]


@pytest.mark.parametrize("problem", ["empty", "echo", "language"])
def test_it_is_asked_once_more_with_what_was_wrong(variant, model, problem):
    step = again(variant)
    prompt = prompt_text(step.run, model)
    answer(step, bad_answer(problem, prompt))
    second = again(variant)
    assert prompt_text(second.run, model).startswith(f"{prompt}\n\nAn earlier answer ")
    variant.refresh_from_db()
    assert (variant.text, variant.problem) == ("", "")
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
