"""Reading and writing without JavaScript."""

from playwright.sync_api import Page, expect

from tests.browser.steps import answers, field, numbered, questions


def press(page: Page, name: str) -> None:
    """Send a form, and wait for the page that answers it."""
    with page.expect_navigation():
        page.get_by_role("button", name=name).click()


def test_one_can_ask_stop_rename_and_delete(enter, person, model, fake):
    page = enter(person, java_script_enabled=False)
    page.goto("/")
    field(page).fill("Hello without scripts")
    press(page, "Send")
    expect(questions(page)).to_contain_text("Hello without scripts")
    for _ in range(20):
        page.reload()
        if answers(page).get_attribute("data-state") == "done":
            break
        page.wait_for_timeout(250)
    expect(answers(page).locator(".prose")).to_contain_text("w19")

    fake.queue(pieces=numbered("x", 600), delay_ms=50)
    field(page).fill("A long one")
    press(page, "Send")
    expect(page.get_by_text("still being written")).to_be_visible()
    press(page, "Stop")
    for _ in range(20):
        page.reload()
        if answers(page).last.get_attribute("data-state") == "stopped":
            break
        page.wait_for_timeout(250)
    expect(answers(page).last).to_contain_text("You stopped")

    page.get_by_role("button", name="Options for").click()
    page.get_by_role("link", name="Rename").click()
    page.get_by_label("Title").fill("Renamed without scripts")
    press(page, "Save")
    expect(page.locator("#title")).to_have_text("Renamed without scripts")

    page.get_by_role("button", name="Options for").click()
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.locator(".conversation-row")).to_have_count(0)


def test_an_empty_message_is_refused_on_the_page(enter, person, model):
    page = enter(person, java_script_enabled=False)
    page.goto("/")
    press(page, "Send")
    expect(page.locator("#composer-error")).to_contain_text("Write a message")


def test_the_conversations_open_on_a_phone(enter, person, model):
    page = enter(person, width=390, height=844, java_script_enabled=False)
    page.goto("/")
    expect(page.locator("#sidebar")).to_be_hidden()
    page.get_by_role("button", name="Conversations").click()
    expect(page.locator("#sidebar")).to_be_visible()
