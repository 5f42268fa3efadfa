"""What people do on the pages, said once."""

import re

from playwright.sync_api import Locator, Page, expect


def field(page: Page) -> Locator:
    return page.get_by_label("Message", exact=True)


def ask(page: Page, text: str) -> None:
    field(page).fill(text)
    field(page).press("Enter")


def answers(page: Page) -> Locator:
    return page.locator(".message--assistant")


def questions(page: Page) -> Locator:
    return page.locator(".message--user")


def begin(page: Page, text: str = "Hello") -> None:
    """Start a conversation and wait for the end of its answer."""
    page.goto("/")
    ask(page, text)
    page.wait_for_url(re.compile("/c/"))
    expect(answers(page).last).to_have_attribute("data-state", "done")


def numbered(letter: str, count: int) -> list[str]:
    return [f"{letter}{number} " for number in range(count)]
