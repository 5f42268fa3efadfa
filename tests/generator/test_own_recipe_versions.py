"""The versions of a recipe: listed with what each changed, looked at, restored."""

import re

import pytest
from django.urls import reverse

from generator.models import OwnRecipe, RecipeVersion
from generator.own_actions import MOST_VERSIONS, change_recipe
from generator.own_variables import Variable
from tests.generator.kitchen import content, make_recipe, typed


@pytest.fixture
def recipe(owner) -> OwnRecipe:
    return make_recipe(owner)


def of(recipe: OwnRecipe, name: str) -> str:
    pk = recipe.current_id if name == "recipe-version" else recipe.pk
    return reverse(f"generator:{name}", args=[pk])


def text(response, status: int = 200) -> str:
    assert response.status_code == status
    return response.content.decode()


def test_versions_are_listed_looked_at_and_restored(owner, owner_client, recipe):
    change_recipe(recipe, owner, content(name="Rude mail", instructions=""), based_on=1)
    first = recipe.versions.get(number=1)
    page = text(owner_client.get(of(recipe, "recipe-versions")))
    assert page.index("Rude mail</span>") < page.index("Polite mail</span>")
    url = reverse("generator:recipe-version", args=[first.pk])
    page = text(owner_client.get(url))
    assert "<ins>Rude mail</ins>" in page
    assert "<del>You write mails.</del>" in page
    restore = reverse("generator:recipe-restore", args=[first.pk])
    page = text(owner_client.post(restore, follow=True))
    assert "Version 3 is as version 1 was." in page


def test_the_list_says_what_each_version_changed(owner, owner_client, recipe, monkeypatch):
    steps = [
        {"name": "Rude mail"},
        {"name": "Rude mail", "instructions": "Be rude."},
        {"name": "Rude mail", "instructions": "Be rude.", "temperature": 1.5},
        {"prompt": "{{what}}", "variables": content().variables[:1]},
    ]
    for number, fields in enumerate(steps, 1):
        change_recipe(recipe, owner, content(**fields), based_on=number)
    page = text(owner_client.get(of(recipe, "recipe-versions")))
    assert re.findall(r'version-changed faint">([^<]*)<', page) == [
        "Changed: Name, Prompt, Instructions, Temperature, Variables",
        "Changed: Temperature",
        "Changed: Instructions",
        "Changed: Name",
        "The first one",
    ]
    monkeypatch.setattr("generator.own_views.PAGE", 3)
    first = text(owner_client.get(of(recipe, "recipe-versions")))
    assert first.count("Changed: ") == 3
    second = text(owner_client.get(of(recipe, "recipe-versions"), {"page": 2}))
    assert re.findall(r'version-changed faint">([^<]*)<', second) == [
        "Changed: Name",
        "The first one",
    ]


def test_a_version_is_told_in_the_words_of_the_editor(owner, owner_client):
    number = Variable("age", asks="number", is_required=False, least=1, most=2.5)
    variables = (*content().variables, number)
    recipe = make_recipe(owner, prompt="{{what}}{{tone}}{{age}}", variables=variables)
    page = text(owner_client.get(of(recipe, "recipe-version")))
    assert (
        "{{what}}: a few words; must be filled in; Label: What it is about; Example: a late parcel"
    ) in page
    assert "{{tone}}: one of a list; must be filled in; Filled in already: warm" in page
    assert "Choices: warm / formal" in page
    assert "{{age}}: a number; Smallest: 1; Largest: 2.5" in page
    assert "is_required" not in page


def test_there_is_an_end_of_versions(owner, owner_client, recipe):
    RecipeVersion.objects.update(number=MOST_VERSIONS)
    answer = owner_client.post(of(recipe, "recipe-change"), typed(based_on=MOST_VERSIONS))
    assert f"at most {MOST_VERSIONS} versions" in text(answer, 422)
