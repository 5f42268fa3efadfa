"""What people do on the pages, said once."""

import re
import time

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


def eventually(page: Page, expression: str, seconds: float = 15) -> None:
    """Wait until a script says yes. Playwright's own way evaluates strings, which pages refuse."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, expression
        page.wait_for_timeout(50)


def numbered(letter: str, count: int) -> list[str]:
    return [f"{letter}{number} " for number in range(count)]
