"""The page on which a recipe is written: what its preview shows, and what saving says."""

import re

from django.urls import reverse

from generator.models import OwnRecipe
from tests.generator.kitchen import typed

HTMX = {"HX-Request": "true"}
CREATE, PREVIEW = reverse("generator:recipe-create"), reverse("generator:recipe-preview")


def text(response, status: int = 200) -> str:
    assert response.status_code == status
    return response.content.decode()


def row(page, number: int) -> dict:
    typed = page.context["editor"].rows[number]
    return {name: typed[name].value() for name in ("name", "asks", "default")}


def test_the_preview_leaves_no_gap_where_there_is_no_example(owner_client):
    rows = [
        {"name": "who"},
        {"name": "age", "asks": "number"},
        {"name": "tone", "asks": "choice", "options": "warm\nformal"},
        {"name": "form", "asks": "choice"},
    ]
    sent = typed(rows, prompt="{{who}}, {{age}}, {{tone}}, {{form}}")
    page = text(owner_client.post(PREVIEW, sent, headers=HTMX))
    assert ">[who], [age], warm, [form]</pre>" in page
    assert "Nothing asks yet for" not in page
    alone = text(owner_client.post(PREVIEW, typed([], prompt="{{who}}"), headers=HTMX))
    assert "Write a prompt" not in alone
    assert "Nothing asks yet for" in alone


def test_an_old_example_is_no_obstacle_to_a_list(owner, owner_client):
    row = {"name": "what", "asks": "choice", "options": "a\nb", "example": "a late parcel"}
    assert owner_client.post(CREATE, typed([row])).status_code == 302
    (kept,) = OwnRecipe.objects.get(owner=owner).current.variables
    assert (kept["options"], kept["example"]) == (["a", "b"], "")


def test_a_name_that_nothing_asks_for_gets_its_row_when_it_is_saved(owner, owner_client):
    page = owner_client.post(CREATE, typed(prompt="Write {{what}} to {{whom...}}.", name=""))
    html = text(page, 422)
    assert "Nothing asks for {{whom}} yet." in html
    assert "Give the recipe a name." in html
    assert (row(page, 1)["name"], row(page, 1)["asks"]) == ("whom", "text")
    assert ">\na late parcel</textarea>" in html
    assert re.findall(r'name="([^"]+)"[^>]* autofocus', html) == ["name"]
    assert not OwnRecipe.objects.exists()


def test_where_there_is_no_room_for_a_row_no_row_is_lost(owner_client):
    rows = [{"name": f"v{number}"} for number in range(41)]
    page = owner_client.post(CREATE, typed(rows, prompt="{{whom}}"))
    assert "at most 40 variables" in text(page, 422)
    assert row(page, 40)["name"] == "v40"


def test_the_first_field_with_which_something_is_wrong_is_where_the_page_opens(owner_client):
    html = text(owner_client.post(CREATE, typed([{"name": "what", "asks": "choice"}])), 422)
    assert re.findall(r'name="([^"]+)"[^>]* autofocus', html) == ["variables-0-options"]


def test_the_preview_shows_the_form_and_the_filled_prompt(owner_client):
    page = text(owner_client.post(PREVIEW, typed(prompt="Write {{what}} {{more}}."), headers=HTMX))
    assert "Write a late parcel [more]." in page
    assert "<code>{{more}}</code>" in page
    assert "preview_v-what" in page
    assert "<html" not in page
    whole = text(owner_client.post(CREATE, typed(do="preview")))
    assert "Write a late parcel." in whole
    assert not OwnRecipe.objects.exists()


def test_a_preview_of_a_bomb_is_refused(owner_client):
    first = {"name": "x", "asks": "text", "example": "y" * 40_000}
    page = text(owner_client.post(PREVIEW, typed([first], prompt="{{x}}" * 30_000), headers=HTMX))
    assert "too long" in page
    assert len(page) < 100_000
