"""axe finds nothing wrong on any page, in either theme, on a phone or a desk."""

import re
import uuid

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from chat.models import Conversation
from tests.browser import kitchen
from tests.browser.steps import answers, ask, begin
from tests.generator.kitchen import make_recipe

THEMES = ["light", "dark"]
WIDTHS = [390, 1280]
ANSWER = (
    "## A heading\n\nSome *words*, a [link](https://example.test/), `code`.\n\n"
    "- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n> quoted\n\n"
    "```python\ndef greet(name):\n    return f'Hello {name}'  # a comment\n```\n\n$x^2$\n"
)


def check(page: Page) -> None:
    page.wait_for_timeout(250)  # fades have ended: contrast is that of the page at rest
    found = [
        (rule["id"], node["target"], node["failureSummary"])
        for rule in Axe().run(page).response["violations"]
        for node in rule["nodes"]
        if not is_the_writers(page, rule["id"], node["target"])
    ]
    assert found == [], page.url


def is_the_writers(page: Page, rule: str, target: list[str]) -> bool:
    """Which levels of headings an answer uses, and in which order, is up to its writer."""
    return (
        rule == "heading-order"
        and page.locator(target[0]).locator("xpath=ancestor::*[contains(@class, 'prose')]").count()
        > 0
    )


@pytest.fixture(params=THEMES)
def theme(request):
    return request.param


@pytest.fixture(params=WIDTHS)
def page(request, enter, person, theme):
    return enter(person, width=request.param, color_scheme=theme, reduced_motion="reduce")


def test_the_chat(page, model, fake):
    fake.queue(pieces=[ANSWER])
    page.goto("/")
    check(page)
    begin(page)
    check(page)
    fake.queue(pieces=["Half an answer. "], stall_after=1)
    ask(page, "And now?")
    expect(answers(page).last).to_contain_text("Half")
    check(page)
    page.get_by_role("button", name="Stop the answer").click()
    expect(answers(page).last).to_have_attribute("data-state", "stopped")
    check(page)
    fake.queue(status=401)
    ask(page, "And now?")
    expect(answers(page).last).to_have_attribute("data-state", "failed")
    check(page)


def test_menus_and_dialogs(page, model):
    begin(page)
    if page.viewport_size["width"] < 800:
        page.get_by_role("button", name="Conversations").click()
    page.locator(".account-button").click()
    check(page)
    page.keyboard.press("Escape")
    page.locator(".conversation-row").hover()
    page.get_by_role("button", name="Options for").click()
    check(page)
    page.get_by_role("link", name="Delete").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    check(page)


def test_pages_without_scripts_and_errors(page, model):
    begin(page)
    one = Conversation.objects.get().pk
    for path in (
        "/c/", f"/c/{one}/rename/", f"/c/{one}/delete/", f"/c/{uuid.uuid4()}/",
        "/no/such/page/", "/settings/", "/accounts/password/change/",
    ):  # fmt: skip
        page.goto(path)
        check(page)


def test_recipes(page, model, fake):
    for path in ("/generate/", "/generate/summary/", "/generate/completion/", "/generate/works/"):
        page.goto(path)
        check(page)
    page.goto("/generate/story/")
    page.get_by_label("What happens").fill("A cat finds a boat.")
    page.get_by_label("How many").fill("2")
    fake.queue(pieces=[ANSWER])
    fake.queue(pieces=["Half of it. "], stall_after=1)
    page.get_by_role("button", name="Make it").click()
    expect(page.locator("[data-state=done]")).to_have_count(1)
    expect(page.locator(".result[data-live]")).to_contain_text("Half of it.")
    check(page)
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("[data-state=stopped]")).to_have_count(1)
    check(page)
    page.get_by_role("link", name="Delete").click()
    check(page)


def test_recipes_of_ones_own(page, person, model):
    recipe = make_recipe(person)
    base = f"/generate/recipes/{recipe.pk}"
    for path in (
        "/generate/", "/generate/recipes/new/", f"{base}/", f"{base}/versions/", f"{base}/share/",
        f"{base}/delete/", f"/generate/own/{recipe.pk}/",
        f"/generate/recipes/versions/{recipe.current.pk}/",
    ):  # fmt: skip
        page.goto(path)
        check(page)


def test_articles(page, person, model, fake, monkeypatch):
    monkeypatch.setattr("runs.actions.hint_worker", lambda run_id: None)
    made = kitchen.article(person, model)
    base, section = f"/generate/articles/{made.pk}", made.sections.get(position=0).pk
    for path in (
        f"{base}/outline/", f"{base}/details/", f"/generate/works/{made.pk}/?outlines",
        f"/generate/sections/{section}/edit/", f"/generate/sections/{section}/versions/?version=2",
        f"{base}/",
    ):  # fmt: skip
        page.goto(path)
        check(page)
    page.get_by_role("button", name="Rewrite").first.click()
    check(page)


def test_pages_of_nobody(enter, theme, model):
    page = enter(color_scheme=theme, width=390)
    for path in ("/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"):
        page.goto(path)
        check(page)


def test_the_page_says_its_language(enter, person, model):
    page = enter(person, locale="zh-CN")
    page.goto("/")
    expect(page.locator("html")).to_have_attribute("lang", re.compile("^zh"))
