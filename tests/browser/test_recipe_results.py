"""Where results stand and how they look, in a real browser."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from providers.models import ModelSpec
from tests.browser.steps import numbered

LONG = numbered("w", 900)


def results(page: Page) -> Locator:
    return page.locator("#results .result")


def make(page: Page, slug: str = "story", count: int = 1, **filled: str) -> None:
    page.goto(f"/generate/{slug}/")
    for name, value in (filled or {"idea": "A cat finds a boat."}).items():
        page.locator(f"[name={name}]").fill(value)
    page.get_by_label("How many").fill(str(count))
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.get_by_role("button", name="Make it").click()
    page.wait_for_url(re.compile("/generate/works/"))
    for number in range(count):
        expect(results(page).nth(number)).to_have_attribute("data-state", "done")


def box(of: Locator) -> dict:
    found = of.bounding_box()
    assert found is not None
    return dict(found)


@pytest.mark.parametrize("width", [390, 820, 1440])
def test_what_was_made_begins_below_the_bar(enter, person, model, fake, width):
    fake.queue(pieces=LONG)
    page = enter(person, width=width, height=700)
    make(page)
    bar, title = box(page.locator(".page-bar")), box(page.locator(".made-title"))
    assert bar["y"] + bar["height"] < title["y"] < 350


def test_nothing_lies_over_the_fields_of_a_form(enter, person, model):
    page = enter(person, width=390, height=500)
    page.goto("/generate/email/")
    page.get_by_role("button", name="Make it").scroll_into_view_if_needed()
    page.evaluate("scrollTo(0, 0)")
    expect(page.get_by_role("button", name="Make it")).not_to_be_in_viewport()


@pytest.mark.parametrize("width", [390, 1440])
def test_one_more_comes_into_view(enter, person, model, fake, width):
    fake.queue(pieces=LONG)
    page = enter(person, width=width, height=700)
    make(page)
    fake.queue(pieces=["Another"], stall_after=1)
    page.get_by_role("button", name="One more").click()
    expect(results(page)).to_have_count(2)
    expect(results(page).nth(1)).to_be_in_viewport(ratio=0.9)
    bar = box(page.locator(".page-bar"))
    assert box(results(page).nth(1))["y"] >= bar["height"]


def test_one_alone_is_not_there_to_be_picked(enter, person, model, fake):
    page = enter(person)
    make(page)
    pick = page.get_by_role("button", name="Pick this one")
    expect(pick).to_have_count(0)
    page.get_by_role("button", name="One more").click()
    expect(pick).to_have_count(2)


def test_a_field_is_shown_with_the_choice_that_needs_it(enter, person, model):
    page = enter(person)
    page.goto("/generate/summary/")
    words = page.get_by_label("So many words")
    expect(words).to_be_hidden()
    page.get_by_label("Length").select_option("words")
    expect(words).to_be_visible()
    words.fill("5")
    page.get_by_label("Length").select_option("sentence")
    expect(words).to_be_visible()  # or the browser could not say what is wrong
    words.fill("50")
    words.blur()
    expect(words).to_be_hidden()


def test_what_may_be_left_empty_says_so(enter, person, model):
    page = enter(person)
    page.goto("/generate/email/")
    marked = page.locator(".field", has=page.get_by_text("optional", exact=True))
    expect(marked.locator("label")).to_have_text(["To whom", "From", "The mail it answers"])
    page.goto("/generate/summary/")
    expect(marked.locator("label")).to_have_text(["What matters most"])


def test_plain_text_is_prose_without_a_box(enter, person, model, fake):
    fake.queue(pieces=["Subject: Friday\n\nDear Ben, I cannot come."])
    page = enter(person)
    make(page, "email", purpose="I cannot come")
    style = (
        results(page)
        .locator(".prose pre")
        .evaluate(
            "(pre) => { const it = getComputedStyle(pre); "
            "return [it.fontFamily, it.borderTopWidth, it.paddingLeft, it.whiteSpaceCollapse]; }"
        )
    )
    assert "mono" not in style[0].lower()
    assert style[1:] == ["0px", "0px", "preserve"]


def test_code_is_as_wide_as_its_card_and_counted_in_lines(enter, person, model: ModelSpec, fake):
    fake.queue(pieces=["```python\na = 1\nb = 2\n```\n"])
    page = enter(person, width=1440)
    make(page, "code-write", purpose="two numbers", language="Python")
    card, code = box(results(page)), box(results(page).locator(".code"))
    assert card["width"] - code["width"] < 50
    expect(results(page).locator(".result-head")).to_contain_text("2 lines of code")


def test_what_was_misread_is_a_small_box_with_advice(enter, person, model, fake):
    for _ in range(2):
        fake.queue(pieces=["{", *numbered("w", 900)])
    page = enter(person)
    make(page, "extraction", text="Ada met Ben.")
    assert box(results(page).locator(".prose"))["height"] < 300
    expect(results(page).get_by_text("choose another model")).to_be_visible()
