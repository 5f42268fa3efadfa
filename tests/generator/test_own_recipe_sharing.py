"""Sharing recipes: who may, what is recorded, and what becomes of them when people go."""

import pytest
from django.core.exceptions import ValidationError

from accounts.models import Team
from generator.models import OwnRecipe
from generator.own_actions import change_recipe, delete_recipe, share_recipe
from ops.audit.acts import Act
from tests.generator.kitchen import (
    content,
    for_everybody,
    make_recipe,
    make_team,
    shared_with_team,
)
from tests.trail import recorded

pytestmark = pytest.mark.django_db


def visible(user) -> set:
    return set(OwnRecipe.objects.visible_to(user).values_list("pk", flat=True))


def test_a_team_sees_what_is_shared_with_it_and_nobody_else_does(owner, outsider, admin):
    recipe = shared_with_team(owner, outsider)
    assert recipe.pk in visible(outsider)
    assert recipe.pk not in visible(admin)


def test_who_leaves_the_team_loses_it_at_once(owner, outsider):
    recipe = shared_with_team(owner, outsider)
    recipe.team.members.remove(outsider)
    assert recipe.pk not in visible(outsider)


def test_a_team_that_is_deleted_leaves_it_to_its_owner(owner, outsider):
    recipe = shared_with_team(owner, outsider)
    recipe.team.delete()
    recipe.refresh_from_db()
    assert (recipe.team, recipe.is_shared) == (None, False)
    assert visible(outsider) == set()


def test_one_shares_with_ones_own_teams_only(owner, outsider):
    recipe = make_recipe(owner)
    with pytest.raises(ValidationError):
        share_recipe(recipe, owner, team=make_team(outsider))
    with pytest.raises(ValidationError):
        share_recipe(recipe, owner, is_for_everybody=True)
    recipe.refresh_from_db()
    assert not recipe.is_shared


def test_sharing_and_taking_back_are_recorded(owner, outsider):
    with recorded(Act.RECIPE_SHARED, Act.RECIPE_UNSHARED) as entries:
        recipe = shared_with_team(owner, outsider)
        share_recipe(recipe, owner)
        share_recipe(recipe, owner)  # nothing changed: nothing is recorded
    assert [entry.key for entry in entries] == [str(recipe.pk)] * 2


def test_what_is_for_everybody_stays_when_its_maker_goes(admin, outsider):
    recipe = for_everybody(admin)
    private = make_recipe(admin)
    admin.delete()
    assert visible(outsider) == {recipe.pk}
    assert not OwnRecipe.objects.filter(pk=private.pk).exists()


def test_what_was_shared_with_a_team_goes_with_its_owner(owner, outsider):
    shared_with_team(owner, outsider)
    owner.delete()
    assert not OwnRecipe.objects.exists()
    assert Team.objects.exists()


def test_deleting_what_is_shared_is_recorded(owner, outsider):
    recipe, private = shared_with_team(owner, outsider), make_recipe(owner)
    with recorded(Act.RECIPE_DELETED):
        delete_recipe(recipe, owner)
        delete_recipe(private, owner)
    assert not OwnRecipe.objects.exists()


def test_a_change_of_what_is_everybodys_is_recorded(admin):
    recipe = for_everybody(admin)
    with recorded(Act.RECIPE_CHANGED):
        change_recipe(recipe, admin, content(prompt="Else: {{what}} {{tone}}"), based_on=1)
