"""What `make run` starts, with the real model, as a newcomer meets it in a browser."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.steps import answers, ask, eventually
from tests.ops.house import House
from tests.people import PASSWORD

STORY = "Write a long story about a lighthouse keeper and her three clever goats."
LONG_ENOUGH = "[...document.querySelectorAll('.prose')].pop()?.innerText.length > 80"


def text_of(page: Page) -> str:
    return answers(page).last.locator(".prose").inner_text()


@pytest.mark.model
def test_the_first_quarter_of_an_hour(tmp_path: Path, browser: Browser):
    with House(tmp_path / "data", EMBEDDED_MODEL="on") as house:
        house.wait_ready()
        page = browser.new_context(base_url=f"http://127.0.0.1:{house.port}").new_page()
        page.goto("/accounts/signup/")
        page.get_by_label("Email").fill("ada@example.test")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Create the administrator").click()
        expect(page.get_by_text("It knows English only")).to_be_visible()

        ask(page, STORY)
        page.wait_for_url(re.compile("/c/"))
        eventually(page, LONG_ENOUGH, seconds=60)
        shown = text_of(page)[:60]
        page.reload()
        expect(answers(page)).to_contain_text(shown)
        expect(answers(page)).to_have_attribute("data-state", "done", timeout=120_000)
        first, first_url = text_of(page), page.url
        assert first.startswith(shown)

        page.get_by_role("link", name="New chat").first.click()
        ask(page, STORY)
        page.wait_for_url(re.compile("/c/"))
        eventually(page, LONG_ENOUGH, seconds=60)
        page.get_by_role("button", name="Stop the answer").click()
        expect(answers(page)).to_have_attribute("data-state", "stopped")
        second, second_url = text_of(page), page.url
        assert house.stop() == 0

    with House(tmp_path / "data", EMBEDDED_MODEL="on", PORT=house.port) as house:
        house.wait_ready()
        for url, text in ((first_url, first), (second_url, second)):
            page.goto(url)
            assert text_of(page) == text
        expect(page.locator(".conversation-row")).to_have_count(2)
        assert house.stop() == 0
