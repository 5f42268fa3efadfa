"""A model without a worker: what it is asked is looked at, and its answer is given by the test."""

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from accounts.models import User
from generator.actions import make_work
from generator.door import GeneratorDoor
from generator.models import Step, Variant
from generator.recipes import built_in
from providers.models import ModelSpec
from runs.actions import finish
from runs.claims import claim
from runs.models import Run
from runs.states import State

Answer = Callable[[str], str]


def filled(slug: str, **fields: Any) -> dict[str, Any]:
    """Return a recipe's values, as its form cleans what was filled in and what it begins with."""
    form = form_of(slug, **fields)
    assert form.is_valid(), form.errors
    return form.cleaned_data


def form_of(slug: str, **fields: Any) -> Any:
    recipe = built_in[slug]
    empty = recipe.Form()
    initial = {n: empty.get_initial_for_field(f, n) for n, f in empty.fields.items()}
    return recipe.Form({**{n: v for n, v in initial.items() if v is not None}, **fields})


def variant_of(owner: User, model: ModelSpec, slug: str, values: Mapping[str, Any]) -> Variant:
    work = make_work(owner, built_in[slug], values, model, uuid.uuid4())
    return work.variants.get()


def queued(variant: Variant) -> list[Step]:
    steps = variant.steps.filter(run__state=State.QUEUED)
    return list(steps.select_related("run").order_by("level", "position"))


def prompt_text(run: Run, model: ModelSpec) -> str:
    return GeneratorDoor().build(run, model).turns[-1].text


def answer(step: Step, text: str, state: State = State.DONE, reason: str = "stop") -> None:
    """End the step's Run."""
    run = claim(step.run_id, "test")
    assert run is not None
    is_done = state is State.DONE
    error = "" if is_done or state is State.STOPPED else "cut_stream"
    assert finish(run, state, text=text, finish_reason=reason if is_done else "", error_kind=error)


def answer_all(variant: Variant, model: ModelSpec, with_text: Answer) -> list[str]:
    """Answer until nothing is asked any more; return what was asked."""
    asked = []
    while steps := queued(variant):
        for step in steps:
            assert step.run is not None
            asked.append(prompt_text(step.run, model))
            answer(step, with_text(asked[-1]))
    return asked
