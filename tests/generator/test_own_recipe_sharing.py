"""Sharing a recipe: with whom, who is told, and what becomes of it when people come and go."""

import uuid

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from accounts.actions import erase_user
from generator import actions
from generator.models import OwnRecipe, RecipeVersion, Work
from generator.own import recipe_of_version
from generator.own_actions import change_recipe, delete_recipe, share_recipe
from ops.models import AuditEntry
from providers.models import ModelSpec, Provider
from tests.generator.kitchen import (
    content,
    for_everybody,
    make_recipe,
    make_team,
    shared_with_team,
)
from tests.people import make_person, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def model(monkeypatch) -> ModelSpec:
    monkeypatch.setattr("runs.actions.hint_worker", lambda run_id: None)
    provider = Provider.objects.create(name="P", base_url="http://127.0.0.1:1/v1")
    return ModelSpec.objects.create(provider=provider, name="m", label="M", is_default=True)


def visible(user) -> set[OwnRecipe]:
    return set(OwnRecipe.objects.visible_to(user))


def acts() -> list[tuple[str, dict]]:
    found = AuditEntry.objects.filter(act__startswith="recipe.").order_by("pk")
    return list(found.values_list("act", "details"))


# With whom


def test_a_recipe_is_its_makers_until_it_is_shared(owner, outsider, admin):
    recipe = make_recipe(owner)
    assert visible(owner) == {recipe}
    assert visible(outsider) == visible(admin) == set()
    share_recipe(recipe, owner, team=make_team(owner, outsider))
    assert visible(outsider) == {recipe}
    assert visible(admin) == set()
    share_recipe(recipe, owner)
    assert visible(outsider) == set()


def test_in_a_large_team_a_recipe_is_there_once(owner, outsider):
    recipe = shared_with_team(owner, outsider, *(make_person() for _ in range(5)))
    for person in (owner, outsider):
        assert list(OwnRecipe.objects.visible_to(person)) == [recipe]


def test_losing_the_team_takes_the_recipe_away_at_once(owner, outsider, outsider_client):
    recipe = shared_with_team(owner, outsider)
    url = reverse("generator:own-recipe", args=[recipe.pk])
    assert outsider_client.get(url).status_code == 200
    recipe.team.members.remove(outsider)
    assert outsider_client.get(url).status_code == 404
    assert outsider_client.post(url, {"v-what": "x", "v-tone": "warm"}).status_code == 404
    assert outsider_client.post(f"{url}check/?field=v-what", {"v-what": "x"}).status_code == 404


def test_a_team_that_is_deleted_leaves_the_recipe_to_its_owner(owner, outsider):
    recipe = shared_with_team(owner, outsider)
    recipe.team.delete()
    recipe.refresh_from_db()
    assert not recipe.is_shared
    assert visible(owner) == {recipe}
    assert visible(outsider) == set()


def test_only_teams_of_ones_own_are_shared_with(owner, outsider, admin):
    recipe, theirs = make_recipe(owner), make_team(outsider, name="Theirs")
    with pytest.raises(ValidationError, match="one of your teams"):
        share_recipe(recipe, owner, team=theirs)
    team = make_team(admin, name="Of administrators")
    shared = shared_with_team(outsider)
    with pytest.raises(ValidationError, match="one of your teams"):
        share_recipe(shared, admin, team=team)


def test_only_administrators_share_with_everybody_and_only_their_own(owner, admin, outsider):
    recipe = shared_with_team(owner)
    for by in (owner, admin):
        with pytest.raises(ValidationError, match="Only administrators"):
            share_recipe(recipe, by, is_for_everybody=True)
    staff = make_person(is_staff=True)
    with pytest.raises(ValidationError, match="Only administrators"):
        share_recipe(make_recipe(staff), staff, is_for_everybody=True)
    house = for_everybody(admin)
    assert house in visible(outsider)


@pytest.mark.parametrize("whom", ["", "everybody", "nobody2", "team", "\x00", "<b>"])
def test_a_form_takes_no_other_answer(owner, owner_client, outsider, whom):
    recipe, theirs = make_recipe(owner), make_team(outsider)
    url = reverse("generator:recipe-share", args=[recipe.pk])
    answer = owner_client.post(url, {"whom": str(theirs.pk) if whom == "team" else whom})
    assert answer.status_code in (400, 422)
    recipe.refresh_from_db()
    assert not recipe.is_shared


def test_sharing_by_its_page(owner, owner_client, outsider):
    recipe, team = make_recipe(owner), make_team(owner, outsider)
    url = reverse("generator:recipe-share", args=[recipe.pk])
    page = owner_client.get(url).content.decode()
    assert "may read its prompt" in page
    assert "Kitchen" in page
    answer = owner_client.post(url, {"whom": str(team.pk)}, follow=True).content.decode()
    assert "The team Kitchen can use the recipe now." in answer
    assert visible(outsider) == {recipe}


def test_whoever_left_the_team_changes_nothing_in_it_any_more(owner, outsider):
    recipe = shared_with_team(owner, outsider)
    recipe.team.members.remove(owner)
    with pytest.raises(ValidationError, match="not in the team Kitchen any more"):
        change_recipe(recipe, owner, content(prompt="{{what}}{{tone}} and obey me"), based_on=1)
    share_recipe(recipe, owner)
    assert change_recipe(recipe, owner, content(name="Mine"), based_on=1).number == 2


# The audit trail


def test_sharing_is_recorded(owner):
    recipe = make_recipe(owner)
    team = make_team(owner)
    share_recipe(recipe, owner, team=team)
    share_recipe(recipe, owner, team=team)
    share_recipe(recipe, owner)
    delete_recipe(recipe, owner)  # nobody else's business, so not recorded
    delete_recipe(shared_with_team(owner, name="Another", team="Cellar"), owner)
    assert acts() == [
        ("recipe.shared", {"team": [None, "Kitchen"]}),
        ("recipe.unshared", {"team": ["Kitchen", None]}),
        ("recipe.shared", {"team": [None, "Cellar"]}),
        ("recipe.deleted", {}),
    ]
    entry = AuditEntry.objects.filter(act="recipe.shared").earliest("pk")
    assert (entry.key, entry.owner) == (str(recipe.pk), owner.pk)
    assert "Polite" not in entry.subject_name


def test_what_is_done_to_the_houses_recipes_is_recorded(admin):
    recipe = for_everybody(admin)
    change_recipe(recipe, admin, content(name="Another"), based_on=1)
    delete_recipe(recipe, admin)
    assert acts() == [
        ("recipe.shared", {"is_for_everybody": [False, True]}),
        ("recipe.changed", {}),
        ("recipe.deleted", {}),
    ]


def test_the_trail_says_who_took_a_recipe_back_and_in_words(owner, admin):
    recipe = shared_with_team(owner)
    browser = signed_in(admin)
    url = reverse("generator:recipe-share", args=[recipe.pk])
    assert browser.post(url, {"whom": "nobody"}).status_code == 302
    entry = AuditEntry.objects.get(act="recipe.unshared")
    assert (entry.actor, entry.owner, entry.door) == (admin.pk, owner.pk, "web")
    page = browser.get(reverse("admin:ops_auditentry_change", args=[entry.pk])).content.decode()
    assert "Stopped sharing a recipe" in page
    assert "Kitchen → nothing" in page


# Whose work it is


def test_what_is_made_with_a_shared_recipe_is_whose_made_it(owner, outsider, model):
    recipe = shared_with_team(owner, outsider)
    browser = signed_in(outsider)
    url = reverse("generator:own-recipe", args=[recipe.pk])
    sent = {"v-what": "a parcel", "v-tone": "formal", "client_id": str(uuid.uuid4())}
    answer = browser.post(url, sent)
    work = Work.objects.get()
    assert answer.url.startswith(reverse("generator:work-view", args=[work.pk]))
    assert (work.owner, work.version, work.recipe) == (outsider, recipe.current, "own")
    page = browser.get(answer.url).content.decode()
    assert "Polite mail" in page
    assert signed_in(owner).get(answer.url).status_code == 404


@pytest.mark.parametrize("how", ["left", "deleted"])
def test_nothing_more_is_made_with_what_was_taken_away(owner, outsider, model, how):
    recipe = shared_with_team(owner, outsider)
    values = {"v-what": "a parcel", "v-tone": "formal"}
    made_of = recipe_of_version(recipe.current)
    work = actions.make_work(outsider, made_of, values, model, uuid.uuid4())
    if how == "left":
        recipe.team.members.remove(outsider)
    else:
        delete_recipe(recipe, owner)
    work = Work.objects.get(pk=work.pk)
    with pytest.raises(ValidationError, match="not there for you any more"):
        actions.add_variant(work, model, uuid.uuid4())
    browser = signed_in(outsider)
    url = reverse("generator:work-view", args=[work.pk])
    assert browser.get(url).status_code == 200
    assert browser.get(reverse("generator:work-list")).status_code == 200
    another = reverse("generator:variant-add", args=[work.pk])
    assert browser.post(another, {"client_id": str(uuid.uuid4())}).status_code == 422
    with pytest.raises(ValidationError):
        actions.make_work(outsider, made_of, values, model, uuid.uuid4())
    assert Work.objects.count() == 1


# People who leave


def test_whoever_is_erased_takes_their_recipes_along(owner, outsider):
    make_recipe(owner)
    shared_with_team(owner, outsider)
    erase_user(owner)
    assert not OwnRecipe.objects.exists()
    assert not RecipeVersion.objects.exists()


def test_what_is_for_everybody_stays_without_a_name(admin, owner, outsider):
    recipe, own = for_everybody(admin), make_recipe(admin)
    second = make_person("second@example.test", is_staff=True, is_superuser=True)
    erase_user(admin)
    recipe.refresh_from_db()
    assert (recipe.owner, recipe.current.author) == (None, None)
    assert not OwnRecipe.objects.filter(pk=own.pk).exists()
    assert visible(outsider) == {recipe}
    assert change_recipe(recipe, second, content(name="Kept up"), based_on=1).number == 2
    with pytest.raises(ValidationError, match="made this recipe is gone"):
        share_recipe(recipe, second)
    delete_recipe(recipe, second)
    assert visible(outsider) == set()


def test_a_work_outlives_whoever_made_the_recipe(owner, outsider, model):
    recipe = shared_with_team(owner, outsider)
    values = {"v-what": "a parcel", "v-tone": "formal"}
    made_of = recipe_of_version(recipe.current)
    work = actions.make_work(outsider, made_of, values, model, uuid.uuid4())
    erase_user(owner)
    work = Work.objects.get(pk=work.pk)
    assert work.version is None
    page = signed_in(outsider).get(reverse("generator:work-view", args=[work.pk]))
    assert "a parcel" in page.content.decode()


def test_a_former_administrator_leaves_the_houses_recipes_alone(admin):
    recipe = for_everybody(admin)
    admin.is_superuser = admin.is_staff = False
    admin.save()
    browser = signed_in(admin)
    for name in ("recipe-change", "recipe-share", "recipe-delete"):
        assert browser.get(reverse(f"generator:{name}", args=[recipe.pk])).status_code == 404
    assert browser.get(reverse("generator:own-recipe", args=[recipe.pk])).status_code == 200


# The administration


def test_administrators_see_the_names_of_shared_recipes_only(owner, outsider, admin_client):
    make_recipe(owner, name="Words of a diary")
    shared = shared_with_team(owner, name="For the kitchen")
    page = admin_client.get(reverse("admin:generator_ownrecipe_changelist")).content.decode()
    assert "For the kitchen" in page
    assert "diary" not in page
    url = reverse("admin:generator_ownrecipe_change", args=[shared.pk])
    page = admin_client.get(url).content.decode()
    assert reverse("generator:recipe-share", args=[shared.pk]) in page
    assert "Write {{what}}" not in page
