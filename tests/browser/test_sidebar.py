"""The list of conversations: with the keyboard, on a phone, renaming, deleting, appearance."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from chat.models import Conversation
from tests.browser.steps import ask, begin


def test_a_new_chat_heads_the_list(enter, person, model):
    """The list is not sent again: the first is put below its heading, whatever stood there."""
    rows = ".conversations > li:not([hidden])"
    page = enter(person)
    page.goto("/")
    expect(page.locator(rows)).to_have_text(["Your conversations will be listed here."])
    begin(page, "First")
    expect(page.locator(rows)).to_contain_text(["Today", "First"])
    page.get_by_role("link", name="New chat").click()
    ask(page, "Second")
    expect(page.locator(rows)).to_contain_text(["Today", "Second", "First"])
    expect(page.locator(".conversation-link[aria-current]")).to_have_text("Second")
    Conversation.objects.update(updated_at=timezone.now() - timedelta(days=3))
    page.goto("/")
    expect(page.locator(rows)).to_contain_text(["Earlier", "First"])
    ask(page, "Third")
    expect(page.locator(rows)).to_contain_text(["Today", "Third", "Earlier"])


def test_renaming_in_place(enter, person, model):
    page = enter(person)
    begin(page, "First words")
    page.locator(".conversation-row").hover()
    page.get_by_role("button", name="Options for").click()
    page.get_by_role("link", name="Rename").click()
    title = page.get_by_label("Title")
    expect(title).to_be_focused()
    title.fill("Better name")
    title.press("Enter")
    expect(page.locator(".conversation-link")).to_have_text("Better name")
    expect(page.locator("#title")).to_have_text("Better name")
    expect(page).to_have_title(re.compile("Better name"))


def test_escape_leaves_the_name_alone(enter, person, model):
    page = enter(person)
    begin(page, "First words")
    page.locator(".conversation-row").hover()
    page.get_by_role("button", name="Options for").click()
    page.get_by_role("link", name="Rename").click()
    page.get_by_label("Title").fill("No")
    page.get_by_label("Title").press("Escape")
    expect(page.locator(".conversation-link")).to_have_text("First words")


def test_deleting_with_the_keyboard_asks_first(enter, person, model):
    page = enter(person)
    begin(page, "First words")
    page.get_by_role("button", name="Options for").focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Delete").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator(".conversation-row")).to_have_count(1)
    page.get_by_role("button", name="Options for").focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.wait_for_url(re.compile("/$"))
    expect(page.locator(".conversation-row")).to_have_count(0)
    expect(page.get_by_text("The conversation was deleted.")).to_be_visible()


def test_folding_the_sidebar_is_remembered(enter, person, model):
    page = enter(person)
    page.goto("/")
    page.get_by_role("button", name="Hide the sidebar").click()
    expect(page.locator("#sidebar")).to_be_hidden()
    page.reload()
    expect(page.locator("#sidebar")).to_be_hidden()
    page.get_by_role("button", name="Show the sidebar").click()
    expect(page.locator("#sidebar")).to_be_visible()


def test_the_sidebar_is_a_drawer_on_a_phone(enter, person, model):
    page = enter(person, width=390, height=844)
    page.goto("/")
    page.get_by_role("button", name="Conversations").click()
    expect(page.locator("#sidebar")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#sidebar")).to_be_hidden()


@pytest.mark.parametrize("theme", ["Dark", "Light"])
def test_the_appearance_is_chosen_and_kept(enter, person, model, theme):
    page = enter(person, color_scheme="light" if theme == "Dark" else "dark")
    page.goto("/")
    paper = "getComputedStyle(document.documentElement).backgroundColor"
    before = page.evaluate(paper)
    page.locator(".account-button").click()
    page.get_by_role("button", name=theme).click()
    assert page.evaluate(paper) != before
    page.reload()
    assert page.evaluate(paper) != before
    page.locator(".account-button").click()
    page.get_by_role("button", name="System").click()
    assert page.evaluate(paper) == before
