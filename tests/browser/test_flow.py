"""What a person does with the chat, in a real browser, against a real web and worker."""

import re

from playwright.sync_api import expect

from tests.browser.steps import answers, ask
from tests.people import PASSWORD


def test_from_sign_up_to_a_stopped_answer(enter, house, model, fake):
    """Sign up, ask, watch it come, reload in the middle, see it go on, stop another, restart."""
    page = enter()
    page.goto("/")
    page.goto("/accounts/signup/")
    page.get_by_label(re.compile("mail", re.I)).fill("new@example.test")
    page.get_by_label(re.compile("password", re.I)).first.fill(PASSWORD)
    page.get_by_role("button", name=re.compile("sign up|create", re.I)).click()
    page.wait_for_url(house.url + "/")

    fake.queue(pieces=[f"w{n} " for n in range(60)], delay_ms=50)
    ask(page, "Count for me")
    page.wait_for_url(re.compile("/c/"))
    expect(answers(page)).to_contain_text("w3 ")
    expect(answers(page)).to_have_attribute("aria-busy", "true")
    page.reload()
    expect(answers(page)).to_contain_text("w3 ")
    expect(answers(page)).to_contain_text("w59")
    expect(answers(page)).to_have_attribute("data-state", "done")
    text = answers(page).locator(".prose").inner_text()
    assert text.split() == [f"w{n}" for n in range(60)]

    fake.queue(pieces=[f"x{n} " for n in range(600)], delay_ms=50)
    ask(page, "And more")
    expect(answers(page).last).to_contain_text("x3 ")
    page.get_by_role("button", name="Stop the answer").click()
    expect(answers(page).last).to_have_attribute("data-state", "stopped")
    expect(answers(page).last).to_contain_text("You stopped this answer")
    kept = answers(page).last.locator(".prose").inner_text()
    assert kept.split() == [f"x{n}" for n in range(len(kept.split()))]

    house.stop_web()
    house.start_web()
    page.reload()
    expect(answers(page)).to_have_count(2)
    assert answers(page).last.locator(".prose").inner_text() == kept
    expect(page.locator(".conversation-link[aria-current]")).to_have_text("Count for me")
