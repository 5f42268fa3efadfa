"""What a person sees of their limits: before they ask, when they are refused, while they wait."""

import os
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import expect

from chat.models import Message
from tests.browser.steps import answers, ask, begin, field, questions
from usage.limits import set_limits
from usage.models import Limit

SINGLES = Path(os.environ.get("PICTURES", "/tmp/causerie-pictures"))
SIZES = {390: 844, 1440: 900}


@pytest.fixture(autouse=True)
def _prices(model):
    model.input_price = model.output_price = Decimal(1)
    model.save()


def spend(person, amount) -> None:
    limit = set_limits(person, month_budget=Decimal(10))
    Limit.objects.filter(pk=limit.pk).update(month_spent=Decimal(amount))


def test_a_refused_question_is_kept_and_sent_once_there_is_money(enter, person, model):
    page = enter(person)
    begin(page)
    spend(person, 10)
    ask(page, "Kept & whole")
    said = page.get_by_role("alert")
    expect(said).to_contain_text("The budget of your account is used up. It starts anew on")
    expect(field(page)).to_have_value("Kept & whole")
    expect(page.locator("#banner-failed")).to_be_hidden()
    expect(questions(page)).to_have_count(1)
    spend(person, 0)
    field(page).press("Enter")
    expect(questions(page).last).to_contain_text("Kept & whole")
    expect(field(page)).to_have_value("")
    expect(page.locator("#composer-error")).to_be_empty()
    assert Message.objects.filter(text="Kept & whole").count() == 1


def test_a_new_chat_is_refused_in_place(enter, person, model):
    page = enter(person)
    page.goto("/")
    spend(person, 10)
    ask(page, "Hello")
    expect(page.get_by_role("alert")).to_contain_text("is used up")
    expect(field(page)).to_have_value("Hello")
    assert page.url.endswith("/")


def test_writing_anew_is_refused_in_the_composer(enter, person, model):
    page = enter(person)
    begin(page)
    spend(person, 10)
    page.get_by_role("button", name="Regenerate").click()
    expect(page.get_by_role("alert")).to_contain_text("is used up")
    expect(answers(page)).to_have_count(1)
    expect(answers(page)).to_have_attribute("data-state", "done")


def test_without_scripts_the_page_comes_again_with_the_text(enter, person, model):
    page = enter(person, java_script_enabled=False)
    page.goto("/")
    spend(person, 10)
    field(page).fill("Hello without scripts")
    with page.expect_navigation():
        page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_contain_text("is used up")
    expect(field(page)).to_have_value("Hello without scripts")
    expect(page.locator("#composer-note")).to_be_hidden()  # the sentence is not said twice


def test_a_429_of_somebody_else_leaves_the_page_as_it_is(enter, person, model):
    page = enter(person)
    begin(page)
    page.route("**/send/", lambda route: route.fulfill(status=429, body="<p>Slow down</p>"))
    ask(page, "Hello again")
    expect(page.locator("#banner-failed")).to_be_visible()
    expect(page.get_by_text("Slow down")).to_have_count(0)
    expect(field(page)).to_have_value("Hello again")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", SIZES)
@pytest.mark.parametrize(("share", "words"), [(84, "You have used 84 %"), (100, "is used up")])
def test_the_note_fits_its_composer(enter, person, model, theme, width, share, words):
    look = {"color_scheme": theme, "reduced_motion": "reduce"}
    page = enter(person, width=width, height=SIZES[width], **look)
    begin(page)
    spend(person, Decimal(share) / 10)
    for name, url in (("home", "/"), ("chat", page.url)):
        page.goto(url)
        note = page.locator("#composer-note")
        expect(note).to_contain_text(words)
        inner, outer = note.bounding_box(), page.locator("#composer").bounding_box()
        assert inner["x"] >= outer["x"]
        assert inner["x"] + inner["width"] <= outer["x"] + outer["width"]
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        if "PICTURES" in os.environ:
            SINGLES.mkdir(exist_ok=True, parents=True)
            page.screenshot(path=SINGLES / f"limits-{name}-{share}-{width}-{theme}.png")
    if share == 100:
        ask(page, "Hello")
        expect(page.get_by_role("alert")).to_contain_text(words)
        expect(note).to_be_hidden()
        if "PICTURES" in os.environ:
            page.screenshot(path=SINGLES / f"limits-refused-{width}-{theme}.png")


def test_who_waits_at_a_limit_sees_it_until_the_answer_comes(enter, person, model):
    page = enter(person)
    begin(page)
    set_limits(person, max_streams=1)
    Limit.objects.update(open_calls=1)
    ask(page, "And now?")
    waiting = answers(page).last.get_by_text("Waiting: a limit is reached for the moment")
    expect(waiting).to_be_visible()
    Limit.objects.update(open_calls=0)
    expect(answers(page).last).to_have_attribute("data-state", "done")
    expect(waiting).to_have_count(0)
    expect(answers(page).last).to_contain_text("w19")
