"""From step to step: what is asked for next, and what is made of an answer.

A worker that ends a Run has locked it; then it locks the Run's variant. Whoever locks a variant
first makes new Runs only, and waits for no Run.
"""

import uuid

from django.db import transaction
from django.db.models.functions import Now

from generator.models import Step, Variant
from generator.own import Gone, recipe_of
from generator.plan import next_steps, put_together, read_by
from generator.recipes.answers import check
from generator.recipes.base import Join, Kind, Misread
from providers.errors import BadRequest, LimitReached, ModelWithdrawn
from runs.actions import queue_run
from runs.hints import publish
from runs.models import Run
from runs.states import State

AT_ONCE = 12  # Runs of one variant: a long text must not fill the queue
MOST_TRIES = 2
MOST_CONTINUED = 4  # Runs of a part whose answer is cut again and again
BY_PERSON = "person"


def lock(variant: Variant) -> Variant:
    """Return it as it stands, until the commit. Raises `Variant.DoesNotExist`."""
    found = Variant.objects.select_for_update(of=("self",)).select_related("work__owner", "model")
    return found.get(pk=variant.pk)


def is_unfinished(variant: Variant) -> bool:
    """Say whether there is something to go on with. Whoever stops it may be later than its end."""
    if variant.steps.unfinished().exists():
        return True
    return bool(variant.paused_by) and not variant.steps.whole().exists()


def go_on(variant: Variant) -> None:
    """Queue the steps that can be asked for now. The variant is locked, or new.

    Of one that is paused the answers are joined where all are there: that asks nobody. Raises
    `LimitReached`; what was queued before it stays so.
    """
    steps, live = variant.steps, variant.steps.live().count()
    pending = list(steps.pending()[:AT_ONCE])
    if not (pending or live or steps.broken().exists()):
        pending = _begin_level(variant)
    if variant.paused_by:
        return
    if pending and variant.model is None:
        pause(variant, ModelWithdrawn.kind)
        return
    for step in pending[: max(AT_ONCE - live, 0)]:
        step.variant = variant
        queue_step(step)


def _begin_level(variant: Variant) -> list[Step]:
    """Return the steps above those that all have their answers; none where the result is whole."""
    steps = variant.steps.order_by("level", "position")
    highest = steps.last()
    if highest is None or highest.is_last:
        return []
    below = list(steps.filter(level=highest.level))
    recipe = recipe_of(variant.work)
    if recipe.joining(variant.work.values) is not Join.NOTES:
        variant.paused_by = ""  # whoever stopped it came later than its end
        _keep(variant, put_together(recipe, variant.work, below), variant.problem)
        return []
    if variant.paused_by:
        return []
    if variant.model is None or isinstance(recipe, Gone):
        pause(variant, ModelWithdrawn.kind if variant.model is None else BadRequest.kind)
        return []
    return Step.objects.bulk_create(next_steps(variant, below, variant.model))


def queue_step(step: Step, prefix: str = "") -> None:
    """Queue the Run of a step: once for each try."""
    work, model = step.variant.work, step.variant.model
    assert model is not None  # looked at by `go_on`
    step.tries += 1
    step.run = queue_run(
        door="generator",
        topic=work.topic if step.is_last else f"{work.topic}.parts",
        user=work.owner,
        model=model,
        client_id=uuid.uuid4(),
        prefix=prefix,
    )
    step.save(update_fields=["run", "tries"])
    if step.is_last:
        topic, hint = work.topic, {"type": "run.started", "run": str(step.run.pk)}
        transaction.on_commit(lambda: publish(topic, hint))


def take_answer(run: Run) -> None:
    """Keep what a Run wrote and queue what follows from it. In the transaction that ends it."""
    step = Step.objects.filter(run=run).select_related("variant").first()
    if step is None:  # it was deleted, or given up
        return
    try:
        variant = lock(step.variant)
    except Variant.DoesNotExist:  # deleted while we waited for it
        return
    step.variant, step.text = variant, run.text
    step.save(update_fields=["text"])
    if step.is_last and run.state != State.DONE:
        if run.text.strip():
            _keep(variant, run.text)
    elif run.state == State.DONE and _goes_on(step, run):
        _continue(step, run)
    elif run.state == State.DONE:
        _read(step, run)
    if run.state != State.DONE:
        pause(variant, variant.paused_by or run.error_kind or BY_PERSON)
        return
    try:
        go_on(variant)
    except LimitReached as error:
        pause(variant, error.kind)


def _continue(step: Step, run: Run) -> None:
    """Ask for the rest; where that cannot be asked for now, for all of it later."""
    try:
        if not step.variant.paused_by:
            queue_step(step, prefix=run.text)
            return
    except LimitReached as error:
        pause(step.variant, error.kind)
    step.forget()


def _goes_on(step: Step, run: Run) -> bool:
    """Say whether the answer to a part was cut, and the result would lack the rest of it."""
    recipe = recipe_of(step.variant.work)
    return (
        not step.is_last
        and run.finish_reason == "length"
        and recipe.kind is not Kind.TABLE
        and recipe.joining(step.variant.work.values) is not Join.NOTES
        and step.tries < MOST_CONTINUED
    )


def _read(step: Step, run: Run) -> None:
    """Read a whole answer; one that is not what was asked for is asked for once more."""
    variant = step.variant
    try:
        text, problem, told = _kept(step, run.text), "", ""
    except Misread as error:
        text, problem, told = run.text, error.problem.value, error.told
    if step.is_last:
        if problem and not text.strip():  # what came before it says more
            text, problem = variant.text, variant.problem or problem
        _keep(variant, text, problem)
    if problem and step.tries < MOST_TRIES:
        step.run, step.text, step.told = None, "", told
        step.save(update_fields=["run", "text", "told"])
    elif not step.is_last:
        step.text = recipe_of(variant.work).misread_part(text) if problem else text
        step.save(update_fields=["text"])
        if problem:
            variant.problem = problem
            variant.save(update_fields=["problem"])


def _kept(step: Step, text: str) -> str:
    """Return what an answer comes to. Raises `Misread`."""
    work = step.variant.work
    recipe, values = recipe_of(work), work.values
    if isinstance(recipe, Gone):  # deleted while this was written
        return text
    if step.is_last:
        ask = recipe.ask(values, is_notes=step.level > 0)
        check(text, ask, values, is_own=recipe.is_own)
        return recipe.read(values, text)
    if recipe.joining(values) is Join.NOTES:
        return text
    check(text, recipe.ask_part(values, "", 1, 1), values)
    return recipe.read_part(values, text, read_by(step))


def pause(variant: Variant, why: str) -> None:
    """Ask for nothing more, until somebody lets it go on. The variant is locked, or new."""
    variant.paused_by, variant.updated_at = why, Now()
    variant.save(update_fields=["paused_by", "updated_at"])


def _keep(variant: Variant, text: str, problem: str = "") -> None:
    variant.text, variant.problem, variant.updated_at = text, problem, Now()
    variant.save(update_fields=["text", "problem", "paused_by", "updated_at"])
