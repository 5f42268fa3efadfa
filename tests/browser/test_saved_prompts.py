"""Saved prompts in the composer: found with a slash, filled in, kept, without leaving the field."""

import re

import pytest
from playwright.sync_api import Page, expect

from assistants.actions import save_prompt
from assistants.models import SavedPrompt
from chat.models import Message
from tests.browser.steps import answers, begin, field, questions
from tests.browser.test_accessible import check
from tests.people import make_person


@pytest.fixture
def page(enter, person, model) -> Page:
    save_prompt(person, name="Polite mail", command="mail", text="Write {{what}} kindly.")
    save_prompt(person, name="Summary", command="sum", text="Sum it up:\n\n<b>all & everything</b>")
    save_prompt(make_person(), name="Somebody else's", command="theirs", text="Not yours")
    page = enter(person)
    page.goto("/")
    return page


def picks(page: Page):
    return page.get_by_role("listbox", name="Saved prompts").get_by_role("option")


def chosen(page: Page) -> str:
    """What a screen reader is told to be the current option."""
    marked = field(page).get_attribute("aria-activedescendant")
    return page.locator(f"#{marked}").inner_text().split("\n")[0] if marked else ""


def test_a_slash_lists_ones_own_prompts_and_typing_narrows_them(page):
    field(page).press("/")
    expect(picks(page).filter(has_text="Polite mail")).to_be_visible()
    expect(picks(page).filter(has_text="Summary")).to_be_visible()
    expect(page.get_by_text("Somebody else's")).to_have_count(0)
    expect(page.locator("#announcer")).to_have_text("2 saved prompts")
    field(page).press_sequentially("sum")
    expect(picks(page).filter(has_text="Polite mail")).to_have_count(0)
    assert "Summary" in chosen(page)
    expect(field(page)).to_be_focused()


def test_enter_inserts_a_prompt_without_variables_as_it_is(page):
    field(page).press_sequentially("/sum")
    field(page).press("Enter")  # at once: the list need not be there yet
    expect(field(page)).to_have_value("Sum it up:\n\n<b>all & everything</b>")
    expect(field(page)).to_be_focused()
    expect(page.locator("#prompts")).to_be_hidden()
    assert Message.objects.count() == 0
    field(page).press("Enter")
    expect(questions(page).locator(".said")).to_contain_text("<b>all & everything</b>")


def test_arrows_walk_and_escape_leaves_the_text_alone(page):
    field(page).press("/")
    expect(picks(page).first).to_be_visible()
    first = chosen(page)
    field(page).press("ArrowDown")
    assert chosen(page) != first
    field(page).press("ArrowUp")
    assert chosen(page) == first
    field(page).press("ArrowUp")
    assert chosen(page) == "All saved prompts"
    field(page).press("Escape")
    expect(page.locator("#prompts")).to_be_hidden()
    expect(field(page)).to_have_value("/")
    assert field(page).get_attribute("aria-activedescendant") is None
    field(page).press_sequentially("sum")
    page.wait_for_timeout(300)
    expect(page.locator("#prompts")).to_be_hidden()


def test_variables_are_asked_for_and_the_result_is_put_in_the_field(page):
    field(page).press_sequentially("/mail")
    expect(picks(page).first).to_contain_text("Polite mail")
    field(page).press("Enter")
    dialog = page.get_by_role("dialog", name="Polite mail")
    what = dialog.get_by_label("what")
    expect(what).to_be_focused()
    what.fill("{{what}} & <i>thanks</i>")
    what.press("Enter")
    expect(dialog).to_have_count(0)
    expect(field(page)).to_have_value("Write {{what}} & <i>thanks</i> kindly.")
    expect(field(page)).to_be_focused()


def test_a_dialog_that_is_closed_changes_nothing(page):
    field(page).press_sequentially("/mail")
    expect(page.locator('#prompts [data-query="mail"]')).to_have_count(1)  # not of "/" any more
    field(page).press("Tab")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(field(page)).to_have_value("/mail")
    expect(field(page)).to_be_focused()


def test_what_fits_no_prompt_is_sent(page):
    field(page).press_sequentially("/usr/bin is what?")
    expect(page.get_by_text("No prompt fits.")).to_be_visible()
    field(page).press("Enter")
    page.wait_for_url(re.compile("/c/"))
    expect(questions(page).locator(".said")).to_have_text("/usr/bin is what?")


def test_a_slash_elsewhere_is_only_a_slash(page):
    field(page).press_sequentially("and/or")
    page.wait_for_timeout(300)
    expect(page.locator("#prompts")).to_be_hidden()


def test_the_mouse_chooses_and_inserts_where_the_caret_is(page):
    field(page).fill("Before after")
    field(page).evaluate("field => field.setSelectionRange(7, 7)")
    button = page.get_by_role("button", name="Saved prompts")
    button.click()
    expect(button).to_have_attribute("aria-expanded", "true")
    picks(page).filter(has_text="Summary").click()
    expect(field(page)).to_have_value("Before Sum it up:\n\n<b>all & everything</b>after")
    expect(button).to_have_attribute("aria-expanded", "false")


@pytest.mark.parametrize(("width", "height"), [(390, 844), (390, 420), (1280, 700)])
def test_a_long_list_stays_within_the_window(page, person, width, height):
    for number in range(12):
        save_prompt(person, name=f"Prompt {number}", text="t")
    page.set_viewport_size({"width": width, "height": height})
    page.reload()
    field(page).press("/")
    expect(picks(page).first).to_be_visible()
    box = page.locator("#prompts").bounding_box()
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= height
    field(page).press("ArrowUp")
    expect(picks(page).last).to_be_in_viewport(ratio=0.9)


def test_a_click_elsewhere_closes_the_list(page):
    button = page.get_by_role("button", name="Saved prompts")
    button.click()
    expect(picks(page).first).to_be_visible()
    page.locator("h1").first.click()
    expect(page.locator("#prompts")).to_be_hidden()
    button.click()
    expect(picks(page).first).to_be_visible()
    button.click()
    expect(page.locator("#prompts")).to_be_hidden()


def test_what_was_written_is_kept_as_a_prompt(page, person):
    begin(page)
    field(page).fill("Explain {{topic}} to a child")
    page.get_by_role("button", name="Saved prompts").click()
    picks(page).filter(has_text="Save this text as a prompt").click()
    dialog = page.get_by_role("dialog", name="Save a prompt")
    expect(dialog.get_by_label("Prompt")).to_have_value("Explain {{topic}} to a child")
    dialog.get_by_label("Name").fill("For a child")
    dialog.get_by_label("Command").fill("not one")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_text("A command is at most")).to_be_visible()
    expect(dialog.get_by_label("Prompt")).to_have_value("Explain {{topic}} to a child")
    dialog.get_by_label("Command").fill("")
    dialog.get_by_role("button", name="Save").dblclick()
    done = page.get_by_role("dialog", name="Saved")
    expect(done).to_contain_text("/for-a-child")
    done.get_by_role("button", name="Done").click()
    expect(field(page)).to_have_value("Explain {{topic}} to a child")
    kept = SavedPrompt.objects.get(owner=person, command__contains="child")
    assert (kept.name, kept.text) == ("For a child", "Explain {{topic}} to a child")


def test_prompts_work_after_a_conversation_began(page):
    begin(page)
    field(page).press_sequentially("/sum")
    expect(picks(page).first).to_contain_text("Summary")
    field(page).press("Enter")
    expect(field(page)).to_have_value(re.compile("^Sum it up"))
    field(page).press("Enter")
    expect(answers(page)).to_have_count(2)


def test_the_pages_lead_into_a_new_chat(page):
    page.locator(".account-button").click()
    page.get_by_role("link", name="Saved prompts").click()
    expect(page.get_by_role("heading", name="Saved prompts")).to_be_visible()
    page.locator("li", has_text="Polite mail").get_by_role("link", name="Use").click()
    page.get_by_label("what").fill("a note")
    page.get_by_role("button", name="Use in a new chat").click()
    expect(field(page)).to_have_value("Write a note kindly.")


def test_the_pages_work_without_scripts(enter, person, model):
    page = enter(person, java_script_enabled=False)
    page.goto("/prompts/new/")
    page.get_by_label("Name").fill("Plain")
    page.get_by_label("Prompt").fill("Say {{word}}")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Type /plain in the composer")).to_be_visible()
    page.get_by_role("link", name="Use Plain").click()
    page.get_by_label("word").fill("hello")
    page.get_by_role("button", name="Use in a new chat").click()
    expect(page.get_by_label("Message", exact=True)).to_have_value("Say hello")
    page.goto("/prompts/")
    page.get_by_role("link", name="Delete “Plain”").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("“Plain” was deleted.")).to_be_visible()


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(enter, person, model, theme, width):
    prompt = save_prompt(person, name="Polite mail", command="mail", text="{{what}} {{how...|x}}")
    page = enter(person, width=width, color_scheme=theme, reduced_motion="reduce")
    for path in ("", "?q=nothing", "new/", f"{prompt.pk}/", f"{prompt.pk}/fill/"):
        page.goto(f"/prompts/{path}")
        check(page)
    page.goto("/")
    field(page).press("/")
    expect(picks(page).first).to_be_visible()
    check(page)
    field(page).press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    check(page)
    page.keyboard.press("Escape")
    field(page).fill("Text")
    page.get_by_role("button", name="Saved prompts").click()
    picks(page).filter(has_text="Save this text").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    check(page)
