"""Every address of own recipes: owner, outsider, nobody, wrong method, bad input."""

import uuid

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from generator.models import OwnRecipe, RecipeVersion, Work
from generator.own_actions import change_recipe
from tests.generator.kitchen import (
    content,
    for_everybody,
    make_recipe,
    make_team,
    shared_with_team,
    typed,
)
from tests.people import make_person, signed_in

HTMX = {"HX-Request": "true"}
GALLERY = reverse("generator:gallery")
CREATE, PREVIEW = reverse("generator:recipe-create"), reverse("generator:recipe-preview")
OF_RECIPE = ["own-recipe", "recipe-change", "recipe-versions", "recipe-share", "recipe-delete"]
OF_VERSION = ["recipe-version", "recipe-restore"]


@pytest.fixture
def recipe(owner) -> OwnRecipe:
    return make_recipe(owner)


def of(recipe: OwnRecipe, name: str) -> str:
    pk = recipe.current_id if name in OF_VERSION else recipe.pk
    return reverse(f"generator:{name}", args=[pk])


def statuses(client: Client, recipe: OwnRecipe) -> dict[str, int]:
    """Return what each address answers, asked as pages ask it; nothing is changed by that."""
    names = [*OF_RECIPE, *OF_VERSION]
    return {
        name: getattr(client, "post" if name == "recipe-restore" else "get")(
            of(recipe, name)
        ).status_code
        for name in names
    }


def text(response, status: int = 200) -> str:
    assert response.status_code == status
    return response.content.decode()


# Who may


def test_the_owner_may_do_all(owner_client, recipe):
    found = statuses(owner_client, recipe)
    assert found == {**dict.fromkeys(found, 200), "recipe-restore": 302}


@pytest.mark.parametrize("who", ["outsider", "admin"])
def test_somebody_elses_recipe_is_not_there(request, recipe, who):
    """For an administrator neither, while it is not shared."""
    client = signed_in(request.getfixturevalue(who))
    assert set(statuses(client, recipe).values()) == {404}
    for name in OF_RECIPE:
        assert client.post(of(recipe, name), typed(name="Theirs")).status_code in (404, 405)
    recipe.refresh_from_db()
    assert recipe.current.name == "Polite mail"
    assert "Polite mail" not in text(client.get(GALLERY))


def test_a_member_of_the_team_uses_it_and_reads_the_prompt(owner, outsider, outsider_client):
    recipe = shared_with_team(owner, outsider)
    may = {"own-recipe": 200, "recipe-version": 200}
    assert statuses(outsider_client, recipe) == {
        **dict.fromkeys([*OF_RECIPE, *OF_VERSION], 404), **may
    }  # fmt: skip
    assert "Write {{what}} in a {{tone}} way." in text(
        outsider_client.get(of(recipe, "recipe-version"))
    )
    page = text(outsider_client.get(GALLERY))
    assert "Of your teams" in page
    assert "Polite mail" in page


def test_what_was_taken_out_before_is_not_shown_to_the_team(owner, outsider, outsider_client):
    recipe = shared_with_team(owner, outsider)
    former = of(recipe, "recipe-version")
    change_recipe(recipe, owner, content(name="Without secrets"), based_on=1)
    assert outsider_client.get(former).status_code == 404
    recipe.refresh_from_db()
    assert "Without secrets" in text(outsider_client.get(of(recipe, "recipe-version")))


def test_an_administrator_takes_back_what_a_team_shares_unread(owner, admin_client):
    recipe = shared_with_team(owner)
    may = {"recipe-share": 200, "recipe-delete": 200}
    assert statuses(admin_client, recipe) == {
        **dict.fromkeys([*OF_RECIPE, *OF_VERSION], 404), **may
    }  # fmt: skip
    page = text(admin_client.get(of(recipe, "recipe-share")))
    assert "Only its owner" in page
    assert "Everybody here" not in page
    assert admin_client.post(of(recipe, "recipe-share"), {"whom": "nobody"}).url == GALLERY
    recipe.refresh_from_db()
    assert not recipe.is_shared
    assert admin_client.get(of(recipe, "recipe-share")).status_code == 404


def test_everybody_uses_what_an_administrator_shares_with_all(admin, outsider_client):
    recipe = for_everybody(admin)
    found = statuses(outsider_client, recipe)
    assert {name for name, status in found.items() if status == 200} == {
        "own-recipe", "recipe-version",
    }  # fmt: skip
    assert "For everybody here" in text(outsider_client.get(GALLERY))


def test_nobody_is_led_to_sign_in(client, recipe):
    for url in (CREATE, *(of(recipe, name) for name in OF_RECIPE)):
        response = client.get(url)
        assert response.status_code == 302
        assert response.url.startswith(reverse(settings.LOGIN_URL))
        assert client.get(url, headers=HTMX).status_code == 401
        assert client.post(url, typed()).status_code == 401
    for url in (PREVIEW, of(recipe, "recipe-restore")):
        assert client.post(url, typed()).status_code == 401
    assert OwnRecipe.objects.count() == RecipeVersion.objects.count() == 1


def test_wrong_methods_are_refused(owner_client, recipe):
    urls = [CREATE, PREVIEW, *(of(recipe, name) for name in (*OF_RECIPE, *OF_VERSION))]
    for url in urls:
        assert owner_client.put(url).status_code == 405
        assert owner_client.delete(url).status_code == 405
    for url in (PREVIEW, of(recipe, "recipe-restore")):
        assert owner_client.get(url).status_code == 405
    for name in ("recipe-versions", "recipe-version"):
        assert owner_client.post(of(recipe, name)).status_code == 405


def test_forms_need_their_token(owner, recipe):
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    names = [*OF_RECIPE, "recipe-restore"]
    names.remove("recipe-versions")
    for url in (CREATE, PREVIEW, *(of(recipe, name) for name in names)):
        assert client.post(url, typed()).status_code == 403
    assert OwnRecipe.objects.count() == 1


@pytest.mark.parametrize("name", [*OF_RECIPE, "recipe-version"])
def test_an_id_of_nothing_is_not_there(owner_client, name):
    missing = reverse(f"generator:{name}", args=[uuid.uuid4()])
    assert owner_client.get(missing).status_code == 404


# Writing one


def test_a_recipe_is_made_and_changed_without_a_script(owner, owner_client):
    assert "Find the variables" in text(owner_client.get(CREATE))
    made = owner_client.post(CREATE, typed())
    recipe = OwnRecipe.objects.get(owner=owner)
    assert made.url == of(recipe, "own-recipe")
    assert "v-what" in text(owner_client.get(made.url))
    page = owner_client.get(of(recipe, "recipe-change"))
    assert page.context["editor"].form.initial["prompt"] == "Write {{what}}."
    changed = typed(prompt="Now write {{what}}.", based_on=1)
    assert owner_client.post(of(recipe, "recipe-change"), changed).status_code == 302
    recipe.refresh_from_db()
    assert (recipe.current.number, recipe.current.prompt) == (2, "Now write {{what}}.")


def test_what_was_changed_in_another_tab_is_not_lost_nor_what_is_typed(owner, owner_client, recipe):
    change_recipe(recipe, owner, content(name="From the other tab"), based_on=1)
    url = of(recipe, "recipe-change")
    response = owner_client.post(url, typed(name="From this tab", based_on=1))
    page = text(response, 422)
    assert "version 2 is the newest" in page
    assert 'value="From this tab"' in page
    assert 'name="based_on" value="2"' in page
    assert owner_client.post(url, typed(name="From this tab", based_on=2)).status_code == 302
    recipe.refresh_from_db()
    assert (recipe.current.number, recipe.current.name) == (3, "From this tab")


@pytest.mark.parametrize("based_on", ["", "x", "-1", "99999999999999999999", "²", "0"])
def test_a_page_that_does_not_say_what_it_changes_changes_nothing(owner_client, recipe, based_on):
    response = owner_client.post(of(recipe, "recipe-change"), typed(based_on=based_on))
    assert response.status_code == 422
    recipe.refresh_from_db()
    assert recipe.current.number == 1


def row(page, number: int) -> dict:
    typed = page.context["editor"].rows[number]
    return {name: typed[name].value() for name in ("name", "asks", "default")}


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_variables_are_found_in_the_prompt(owner_client, headers):
    sent = typed(prompt="{{what}} {{tone|kind}} {{letter...}}", instructions="{{who}}", do="find")
    page = owner_client.post(CREATE, sent, headers=headers)
    assert [row(page, n)["name"] for n in range(4)] == ["what", "tone", "letter", "who"]
    assert row(page, 1) == {"name": "tone", "asks": "line", "default": "kind"}
    assert row(page, 2)["asks"] == "text"
    html = text(page)
    assert ("<html" in html) == (not headers)
    assert 'value="a late parcel"' in html or ">\na late parcel</textarea>" in html
    assert not OwnRecipe.objects.exists()


def test_rows_are_added_moved_and_removed_and_keep_what_was_typed(owner_client):
    rows = [{"name": "a", "default": "1"}, {"name": "b d", "least": "nonsense"}, {"name": "c"}]

    def names(do: str) -> list[str]:
        page = owner_client.post(CREATE, typed(rows, do=do))
        assert page.status_code == 200
        return [each["name"].value() for each in page.context["editor"].rows]

    assert names("add") == ["a", "b d", "c", ""]
    assert names("up-1") == ["b d", "a", "c"]
    assert names("up-0") == ["a", "b d", "c"]
    assert names("down-0") == ["b d", "a", "c"]
    assert names("down-2") == ["a", "b d", "c"]
    assert names("remove-1") == ["a", "c"]
    assert names("remove-99") == ["a", "b d", "c"]
    page = owner_client.post(CREATE, typed(rows, do="add", name="Kept", temperature="hot"))
    html = text(page)
    assert all(kept in html for kept in ('value="Kept"', 'value="hot"', 'value="nonsense"'))
    assert "autofocus" in html


def test_no_more_rows_are_made_than_can_be_kept(owner_client):
    rows = [{"name": f"v{number}"} for number in range(40)]
    page = text(owner_client.post(CREATE, typed(rows, do="add")))
    assert "at most 40 variables" in page
    assert page.count('class="variable"') == 40


BAD = {
    "nothing": {},
    "no name": typed(name=""),
    "a long name": typed(name="n" * 10_000),
    "an empty prompt": typed(prompt=" \n "),
    "a long prompt": typed(prompt="x" * 1_000_000),
    "NUL": typed(name="a\x00b", prompt="a\x00b{{what}}"),
    "a task of no gallery": typed(task="<script>"),
    "a kind of no result": typed(kind="table"),
    "a temperature in words": typed(temperature="hot"),
    "no finite temperature": typed(temperature="nan"),
    "an unknown variable": typed(prompt="{{what}} {{who}}"),
    "an unused variable": typed(prompt="x"),
    "a name twice": typed([{"name": "what"}, {"name": "what"}]),
    "a choice of nothing": typed([{"name": "what", "asks": "choice"}]),
    "no number": typed([{"name": "what", "asks": "number", "least": "x"}]),
    "an unknown kind of variable": typed([{"name": "what", "asks": "eval"}]),
    "no count of rows": typed(**{"variables-TOTAL_FORMS": ""}),
    "a count of rows that is none": typed(**{"variables-TOTAL_FORMS": "-5"}),
    "more rows than sent": typed(**{"variables-TOTAL_FORMS": "999999999"}),
}


@pytest.mark.parametrize("why", BAD)
def test_bad_input_is_told_and_kept_on_the_page(owner, owner_client, why):
    response = owner_client.post(CREATE, BAD[why])
    page = text(response, 422)
    assert "errorlist" in page
    assert "<script>" not in page.replace("<script src", "")
    assert not OwnRecipe.objects.exists()
    for do in ("find", "add", "preview", "up-0", "explode"):
        assert owner_client.post(CREATE, {**BAD[why], "do": do}).status_code in (200, 422)
    assert owner_client.post(PREVIEW, BAD[why], headers=HTMX).status_code == 200


def test_markup_in_names_and_prompts_is_text(owner, owner_client):
    bad = "<img src=x onerror=alert(1)>"
    recipe = make_recipe(owner, name=bad, summary=bad, prompt=bad + "{{what}}{{tone}}")
    for name in (*OF_RECIPE, "recipe-version"):
        page = text(owner_client.get(of(recipe, name)))
        assert bad not in page
    assert bad not in text(owner_client.get(GALLERY))


# Around them


def test_days_are_written_alike_in_lists(owner, owner_client, recipe):
    Work.objects.create(owner=owner, recipe="story", title="W", client_id=uuid.uuid4())
    day = date_format(timezone.localtime(), "DATE_FORMAT")
    for url in (GALLERY, reverse("generator:work-list"), of(recipe, "recipe-versions")):
        assert day in text(owner_client.get(url))


@pytest.mark.parametrize("name", ["recipe-share", "recipe-delete"])
def test_each_page_of_a_recipe_has_the_bar_of_recipes(owner_client, recipe, name):
    assert "Recipes and works" in text(owner_client.get(of(recipe, name)))


def test_what_can_be_done_with_ones_own_recipe_stands_on_its_page(
    owner, outsider, owner_client, outsider_client
):
    recipe = shared_with_team(owner, outsider)
    page = text(owner_client.get(of(recipe, "own-recipe")))
    theirs = text(outsider_client.get(of(recipe, "own-recipe")))
    for name in ("recipe-change", "recipe-versions", "recipe-share", "recipe-delete"):
        assert f'href="{of(recipe, name)}"' in page
        assert f'href="{of(recipe, name)}"' not in theirs
    assert "How it is made" in theirs


# Deleting


def test_deleting_asks_first(owner, owner_client, recipe):
    assert "Polite mail" in text(owner_client.get(of(recipe, "recipe-delete")))
    assert OwnRecipe.objects.exists()
    assert owner_client.post(of(recipe, "recipe-delete")).url == GALLERY
    assert not RecipeVersion.objects.exists()


# Lists


def test_lists_cost_the_same_few_queries(owner, owner_client, admin, django_assert_num_queries):
    recipe = make_recipe(owner)
    lists = (GALLERY, of(recipe, "recipe-versions"))
    few = {}
    for url in lists:
        owner_client.get(url)
        with django_assert_num_queries(9, exact=False) as captured:
            owner_client.get(url)
        few[url] = len(captured)
    made = make_person()
    team = make_team(owner, made)
    for number in range(5):
        make_recipe(owner, name=f"Mine {number}")
        OwnRecipe.objects.filter(pk=make_recipe(made).pk).update(team=team)
        for_everybody(admin, name=f"All {number}")
        change_recipe(recipe, owner, content(name=f"N{number}"), based_on=number + 1)
    for url in lists:
        with django_assert_num_queries(few[url]):
            owner_client.get(url)


def test_the_gallery_finds_recipes_by_their_words(owner, owner_client, outsider):
    make_recipe(owner, name="Polite mail", summary="")
    make_recipe(owner, name="Shopping list", summary="")
    make_recipe(outsider, name="Polite but theirs", summary="")
    page = text(owner_client.get(GALLERY, {"q": "mail polite"}))
    assert "Polite mail" in page
    assert "Shopping list" not in page
    assert "theirs" not in page
    assert "No recipe fits" not in page
    assert owner_client.get(GALLERY, {"q": "%_'"}).status_code == 200
