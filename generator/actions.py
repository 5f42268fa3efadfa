"""What a person does with recipes and what they made. Each verb is one transaction, but where it
says otherwise.
"""

import uuid
from collections.abc import Mapping
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.models import User
from generator.material import is_of_web
from generator.models import MOST_VARIANTS, Article, Step, Variant, Work
from generator.own import is_open, recipe_of, version_of
from generator.plan import Beginning, beginning
from generator.recipes.base import Kind, Recipe
from generator.steps import BY_PERSON, go_on, is_unfinished, lock, pause, queue_step
from generator.titles import short_title
from providers.errors import LimitReached
from providers.models import ModelSpec
from runs.actions import request_stop
from runs.forms import OUT_OF_DATE
from runs.hints import publish
from runs.models import Run


def make_work(
    user: User,
    recipe: Recipe,
    values: Mapping[str, Any],
    model: ModelSpec,
    client_id: uuid.UUID,
    variants: int = 1,
) -> Work:
    """Keep what was filled in and queue what makes `variants` results of it.

    Called again with the same `client_id` it returns what the first call made. Raises
    `LimitReached` where nothing could begin soon, and `ValidationError`: then nothing is written.
    """
    parts = beginning(recipe, values, model)
    try:
        with transaction.atomic():
            work = Work.objects.create(
                owner=user,
                recipe=recipe.slug,
                version=version_of(recipe),
                title=short_title(recipe.title(values)),
                values=dict(values),
                client_id=client_id,
            )
            _refuse_unless_open(work)
            for number in range(1, variants + 1):
                _begin(Variant(work=work, number=number, model=model), parts)
            return work
    except (IntegrityError, LimitReached) as error:
        made = Work.objects.filter(owner=user, client_id=client_id).first()
        if made is None and isinstance(error, IntegrityError):  # deleted meanwhile
            raise ValidationError(OUT_OF_DATE, code="gone") from None
        if made is None:
            raise
    if made.recipe != recipe.slug or _asked_by(made.values) != _asked_by(values):
        raise ValidationError(OUT_OF_DATE, code="another_request")
    return made


def _asked_by(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was filled in: of a page of the web its address, whatever stands there now."""
    return {name: each for name, each in values.items() if name != "text" or not is_of_web(values)}


@transaction.atomic
def add_variant(work: Work, model: ModelSpec, client_id: uuid.UUID) -> Variant:
    """Queue another result beside the others, once per `client_id`. Raises `LimitReached`."""
    locked = _locked(work)
    made = locked.variants.filter(pk=_variant_id(work, client_id)).first()
    if made is not None:
        return made
    _refuse_unless_open(locked)
    number = locked.variants.count() + 1
    if number > MOST_VARIANTS:
        raise ValidationError(
            _("There are %(most)d results already. Run the recipe again for more."),
            code="too_many",
            params={"most": MOST_VARIANTS},
        )
    variant = Variant(pk=_variant_id(work, client_id), work=locked, number=number, model=model)
    return _begin(variant, beginning(recipe_of(locked), locked.values, model))


def _refuse_unless_open(work: Work) -> None:
    """Refuse to ask for more with a recipe that was deleted, or that is shared no more."""
    if not is_open(work):
        raise ValidationError(
            _("This recipe is not there for you any more. What you made with it stays."),
            code="not_open",
        )


def _begin(variant: Variant, parts: Beginning) -> Variant:
    variant.save(force_insert=True)
    Step.objects.bulk_create(parts.steps(variant))
    go_on(variant)
    return variant


def _variant_id(work: Work, client_id: uuid.UUID) -> uuid.UUID:
    return uuid.uuid5(work.pk, str(client_id))


def stop_variant(variant: Variant) -> None:
    """Ask for nothing more; what was written stays. Raises `Variant.DoesNotExist`.

    Not in one transaction: a worker locks a Run before its variant.
    """
    with transaction.atomic():
        locked = lock(variant)
        if not locked.steps.live().exists():
            return
        pause(locked, BY_PERSON)
    for run in Run.objects.live().filter(step__variant=variant):
        request_stop(run)


@transaction.atomic
def resume_variant(variant: Variant, model: ModelSpec) -> None:
    """Go on where a result stopped: what came whole is kept, `model` is asked for the rest.

    Parts that are being read are left alone, and so is a result that goes on already. Raises
    `LimitReached`.
    """
    locked = lock(variant)
    if locked.steps.stopping().exists() or not is_unfinished(locked):
        return
    _refuse_unless_open(locked.work)
    can_continue = recipe_of(locked.work).kind is not Kind.TABLE
    locked.model = model
    locked.paused_by = ""
    locked.updated_at = Now()
    locked.save(update_fields=["model", "paused_by", "updated_at"])
    for step in locked.steps.unfinished():
        if step.is_last and step.text.strip() and can_continue:
            step.variant = locked
            queue_step(step, prefix=step.text)
        else:
            step.forget()
    go_on(locked)


@transaction.atomic
def pick_variant(variant: Variant, *, is_picked: bool = True) -> list[uuid.UUID]:
    """Mark the result that is the one; the others stay. Return which look different now."""
    work = _locked(variant.work)
    before, after = work.picked_id, variant.pk if is_picked else None
    changed = [each for each in (before, after) if each is not None and before != after]
    work.picked_id = after
    work.updated_at = Now()
    work.save(update_fields=["picked", "updated_at"])
    for each in changed:
        hint = {"type": "topic.changed", "what": f"variant.{each}"}
        transaction.on_commit(partial(publish, work.topic, hint))
    return changed


def delete_work(work: Work) -> None:
    """Delete the work with all its results; then stop what is still being written.

    Not in one transaction, as `stop_variant`.
    """
    topics = (work.topic, f"article.{work.pk}")
    with transaction.atomic():
        # Workers lock a variant or an article, then what hangs on it; a delete alone would take
        # them the other way.
        Article.objects.lock_of(work.pk)
        locked = _locked(work)
        list(locked.variants.select_for_update().order_by("pk").values_list("pk"))
        of_it = Q(step__variant__work=work) | Q(writing__article=work.pk)
        live = list(Run.objects.live().filter(of_it))  # no more can be queued
        locked.delete()
        for topic in topics:
            transaction.on_commit(partial(publish, topic, {"type": "rights.changed"}))
    for run in live:
        request_stop(run)


def _locked(work: Work) -> Work:
    """Return it as it stands now. Raises `Work.DoesNotExist` where it was deleted meanwhile."""
    return Work.objects.select_for_update(of=("self",)).select_related("owner").get(pk=work.pk)
