"""The recipes' gallery in a real browser: what is one's own comes first, and no row has a hole."""

import uuid

import pytest
from playwright.sync_api import Page, expect

from generator.models import Work
from tests.generator.kitchen import make_recipe


def top(page: Page, selector: str) -> float:
    box = page.locator(selector).bounding_box()
    assert box is not None
    return box["y"]


@pytest.mark.parametrize("width", [390, 820, 1440])
def test_what_is_ones_own_stands_before_the_built_in_recipes_or_beside_them(enter, person, width):
    make_recipe(person)
    Work.objects.create(owner=person, recipe="story", title="A cat", client_id=uuid.uuid4())
    page = enter(person, width=width)
    page.goto("/generate/")
    assert top(page, "#own-own") < top(page, "#shelf-write")
    assert top(page, "#made-last") < top(page, "#shelf-write")
    assert top(page, "#own-own") - top(page, ".recipe-search") > 64


def test_a_newcomer_is_told_what_will_be_there(enter, person):
    page = enter(person)
    page.goto("/generate/")
    expect(page.get_by_text("What you make is kept here.")).to_be_visible()
    page.get_by_role("link", name="Make a recipe").click()
    expect(page.get_by_role("heading", name="New recipe")).to_be_visible()


ENDS = """() => [...document.querySelectorAll('.cards')].map((list) => {
  const right = Math.max(...[...list.children].map((card) => card.getBoundingClientRect().right));
  return list.getBoundingClientRect().right - list.lastElementChild.getBoundingClientRect().right
    + list.getBoundingClientRect().right - right;
})"""


@pytest.mark.parametrize("width", [390, 700, 820, 1024, 1440])
def test_the_last_row_of_a_shelf_has_no_hole(enter, person, width):
    page = enter(person, width=width)
    page.goto("/generate/")
    assert max(page.evaluate(ENDS)) < 2
