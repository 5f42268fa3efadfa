"""What people do with recipes of their own. Each verb is one transaction.

All raise `ValidationError` with sentences safe to show; what is wrong in a recipe's content is
keyed as `own_content.checked_content` says.
"""

import uuid
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.models import Team, User
from generator.models import OwnRecipe, RecipeVersion
from generator.models.own import is_administrator
from generator.own_content import Content, checked_content
from ops.audit.acts import Act
from ops.audit.trail import record

MOST_RECIPES = 200
MOST_VERSIONS = 1000


@transaction.atomic
def create_recipe(owner: User, content: Content) -> OwnRecipe:
    """Make a recipe, its maker's alone, with its first version."""
    content = checked_content(content)
    User.objects.select_for_update(no_key=True).get(pk=owner.pk)
    if OwnRecipe.objects.filter(owner=owner).count() >= MOST_RECIPES:
        raise ValidationError(
            _("You have %(most)d recipes. Delete one before you make another."),
            code="too_many",
            params={"most": MOST_RECIPES},
        )
    version_id = uuid.uuid4()  # known before: each row points at the other
    recipe = OwnRecipe.objects.create(owner=owner, current_id=version_id)
    recipe.current = _write(recipe, owner, content, 1, version_id)
    return recipe


@transaction.atomic
def change_recipe(recipe: OwnRecipe, by: User, content: Content, *, based_on: int) -> RecipeVersion:
    """Save a change of the version `based_on` as the next one; without a change there is none.

    Raises `OwnRecipe.DoesNotExist` where `by` may not change it, or not any more.
    """
    locked = _locked(recipe, by)
    content = checked_content(content)
    current = locked.current
    if current.number != based_on:
        raise ValidationError(
            _(
                "This recipe was changed meanwhile: version %(number)d is the newest. What you "
                "wrote is still here. Saved once more, it becomes the version after that."
            ),
            code="changed_meanwhile",
            params={"number": current.number},
        )
    return current if content == Content.of(current) else _next(locked, by, content)


@transaction.atomic
def restore_version(version: RecipeVersion, by: User) -> RecipeVersion:
    """Make a recipe what it was: the next version holds the same. Raises as `change_recipe`."""
    locked = _locked(version.recipe, by)
    content = Content.of(version)
    return locked.current if content == Content.of(locked.current) else _next(locked, by, content)


@transaction.atomic
def share_recipe(
    recipe: OwnRecipe, by: User, *, team: Team | None = None, is_for_everybody: bool = False
) -> None:
    """Share a recipe with a team, everybody or, given neither, nobody but its owner.

    Raises `OwnRecipe.DoesNotExist` where it is not for `by` to say.
    """
    locked = OwnRecipe.objects.manageable_by(by).select_for_update(of=("self",)).get(pk=recipe.pk)
    if (locked.team, locked.is_for_everybody) == (team, is_for_everybody):
        return
    _refuse_unless_theirs(locked, by, team, is_for_everybody)
    former = locked.team
    act = Act.RECIPE_SHARED if team or is_for_everybody else Act.RECIPE_UNSHARED
    told: dict[str, Any] = {}
    if team != former:
        told["team"] = [former and former.name, team and team.name]
    if is_for_everybody != locked.is_for_everybody:
        told["is_for_everybody"] = [locked.is_for_everybody, is_for_everybody]
    locked.team, locked.is_for_everybody = team, is_for_everybody
    locked.save(update_fields=["team", "is_for_everybody"])
    record(act, locked, owner=locked.owner_id, **told)


def _refuse_unless_theirs(
    recipe: OwnRecipe, by: User, team: Team | None, is_for_everybody: bool
) -> None:
    """Refuse what `by` may not give: somebody else's recipe, a team that is not theirs."""
    is_own = recipe.owner_id == by.pk
    if team is not None and not (is_own and team.members.filter(pk=by.pk).exists()):
        raise ValidationError(_("Choose one of your teams."), code="no_team")
    if is_for_everybody and not (is_own and is_administrator(by)):
        raise ValidationError(
            _("Only administrators share with everybody, and only their own."), code="no_right"
        )
    if recipe.owner_id is None:
        raise ValidationError(
            _("Whoever made this recipe is gone. Delete it if nobody is to use it any more."),
            code="no_owner",
        )


@transaction.atomic
def delete_recipe(recipe: OwnRecipe, by: User) -> None:
    """Delete a recipe with its versions; what was made with it stays. Raises as `share_recipe`."""
    locked = OwnRecipe.objects.manageable_by(by).select_for_update(of=("self",)).get(pk=recipe.pk)
    if locked.is_shared:
        record(Act.RECIPE_DELETED, locked, owner=locked.owner_id)
    locked.delete()


def _locked(recipe: OwnRecipe, by: User) -> OwnRecipe:
    """Return it as it stands, for `by` to change. Raises `OwnRecipe.DoesNotExist`."""
    changeable = OwnRecipe.objects.changeable_by(by).select_related("current", "team")
    locked = changeable.select_for_update(of=("self",)).get(pk=recipe.pk)
    if locked.team and not locked.team.members.filter(pk=by.pk).exists():
        raise ValidationError(
            _(
                "You are not in the team %(team)s any more. Stop sharing the recipe with it before "
                "you change it."
            ),
            code="not_in_the_team",
            params={"team": locked.team.name},
        )
    return locked


def _next(recipe: OwnRecipe, by: User, content: Content) -> RecipeVersion:
    if recipe.current.number >= MOST_VERSIONS:
        raise ValidationError(
            _("A recipe has at most %(most)d versions. Make a new one of this."),
            code="too_many_versions",
            params={"most": MOST_VERSIONS},
        )
    version = _write(recipe, by, content, recipe.current.number + 1, uuid.uuid4())
    OwnRecipe.objects.filter(pk=recipe.pk).update(current=version, updated_at=Now())
    if recipe.is_for_everybody:
        record(Act.RECIPE_CHANGED, recipe, owner=recipe.owner_id)
    return version


def _write(
    recipe: OwnRecipe, author: User, content: Content, number: int, key: uuid.UUID
) -> RecipeVersion:
    return RecipeVersion.objects.create(
        pk=key, recipe=recipe, number=number, author=author, **content.columns()
    )
