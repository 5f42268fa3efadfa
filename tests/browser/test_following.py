"""Answers reach every page that shows them: other tabs, lost networks, ended sessions."""

from django.db import transaction
from playwright.sync_api import Page, expect

from accounts.models import User
from accounts.rights import bump_rights
from tests.browser.steps import answers, ask, begin, eventually, field, numbered, questions

SOCKET = """htmx.ext.ws.getRegistry().get(
  document.getElementById("conversation").getAttribute("hx-ws:connect"))?.socket"""


def test_a_second_tab_shows_the_same(enter, person, model, fake):
    one = enter(person)
    begin(one)
    two = enter(person)
    two.goto(one.url)
    expect(answers(two)).to_have_count(1)
    fake.queue(pieces=numbered("w", 40), delay_ms=40)
    ask(one, "Both of you")
    for page in (two, one):
        expect(questions(page).last).to_contain_text("Both of you")
        expect(answers(page).last).to_have_attribute("data-state", "done")
        expect(answers(page)).to_have_count(2)
        words = answers(page).last.locator(".prose").inner_text().split()
        assert words == [word.strip() for word in numbered("w", 40)]


def test_regenerating_replaces_the_answer_in_every_tab(enter, person, model, fake):
    one = enter(person)
    begin(one)
    two = enter(person)
    two.goto(one.url)
    fake.queue(pieces=["Another ", "one."])
    one.get_by_role("button", name="Regenerate").click()
    for page in (one, two):
        expect(answers(page)).to_have_count(1)
        expect(answers(page).locator(".prose")).to_have_text("Another one.")
        expect(answers(page).locator(".branch-count")).to_have_text("2/2")
    one.get_by_role("button", name="Previous version").click()
    expect(answers(one).locator(".prose")).to_contain_text("w0")
    expect(answers(two).locator(".prose")).to_contain_text("w0")


def test_the_end_of_an_answer_leaves_its_text_alone(enter, person, model, fake):
    """Whoever selects or scrolls in it while it ends keeps their place."""
    page = enter(person)
    begin(page)
    pieces = ["# A title\n\n", *numbered("v", 60), "\n\n```py\nx = 1\n", "```\n"]
    fake.queue(pieces=pieces, delay_ms=30)
    ask(page, "Go on")
    text = answers(page).last.locator(".prose")
    expect(text).to_contain_text("v5 ")
    text.evaluate("element => { window.kept = element; }")
    expect(answers(page).last).to_have_attribute("data-state", "done")
    assert text.evaluate("element => element === window.kept")
    expect(text.get_by_role("button", name="Copy the code")).to_be_visible()
    shown = text.evaluate("element => { element.normalize(); return element.innerHTML; }")
    page.reload()
    assert shown == text.inner_html()


def test_an_end_whose_text_is_not_here_loads_the_messages_anew(enter, person, model, fake):
    page = enter(person)
    begin(page)
    fake.queue(pieces=numbered("v", 60), delay_ms=40)
    ask(page, "Go on")
    expect(answers(page).last).to_contain_text("v5 ")
    answers(page).last.evaluate("element => element.remove()")
    expect(answers(page).last).to_contain_text("v59")
    expect(answers(page)).to_have_count(2)


def test_an_end_without_the_text_of_its_run_loads_the_messages_anew(enter, person, model, fake):
    page = enter(person)
    begin(page)
    fake.queue(pieces=numbered("v", 60), delay_ms=40)
    ask(page, "Go on")
    expect(answers(page).last).to_contain_text("v5 ")
    answers(page).last.locator(".prose").evaluate("element => { element.id = 'run-another'; }")
    expect(answers(page).last).to_have_attribute("data-state", "done")
    expect(answers(page).last).to_contain_text("v59")


def test_an_answer_of_another_branch_stays_there(enter, person, model, fake):
    page = enter(person)
    begin(page)
    fake.queue(pieces=["Another ", "one."])
    page.get_by_role("button", name="Regenerate").click()
    expect(answers(page).locator(".branch-count")).to_have_text("2/2")
    fake.queue(pieces=numbered("v", 60), delay_ms=40)
    ask(page, "Go on")
    expect(answers(page).last).to_contain_text("v5 ")
    page.get_by_role("button", name="Previous version").click()
    expect(answers(page).locator(".branch-count")).to_have_text("1/2")
    page.wait_for_timeout(4000)  # the other branch's answer ends
    expect(answers(page)).to_have_count(1)
    expect(questions(page)).to_have_count(1)
    page.get_by_role("button", name="Next version").click()
    expect(answers(page).last).to_contain_text("v59")


def test_a_lost_network_is_said_and_made_up_for(enter, person, model, fake):
    page = enter(person)
    begin(page)
    fake.queue(pieces=numbered("w", 120), delay_ms=40)
    ask(page, "Go on")
    expect(answers(page).last).to_contain_text("w5 ")
    page.context.set_offline(True)
    page.evaluate(f"{SOCKET}.close()")
    expect(page.locator("#banner-offline")).to_be_visible()
    page.context.set_offline(False)
    expect(page.locator("#banner-offline")).to_be_hidden()
    expect(answers(page).last).to_have_attribute("data-state", "done")
    words = answers(page).last.locator(".prose").inner_text().split()
    assert words == [word.strip() for word in numbered("w", 120)]


HIDE = """hidden => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  const state = hidden ? "hidden" : "visible";
  Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
CONNECTED = f"{SOCKET}?.readyState === 1"


def test_a_hidden_tab_lets_go_and_catches_up(enter, person, model, fake):
    page = enter(person)
    begin(page)
    eventually(page, CONNECTED)
    fake.queue(pieces=numbered("w", 60), delay_ms=40)
    ask(page, "Go on")
    expect(answers(page).last).to_contain_text("w5 ")
    page.evaluate(HIDE, True)
    eventually(page, f"!({CONNECTED})")
    page.wait_for_timeout(3000)  # the answer ends meanwhile
    assert "w59" not in answers(page).last.inner_text()
    page.evaluate(HIDE, False)
    expect(answers(page).last).to_have_attribute("data-state", "done")
    words = answers(page).last.locator(".prose").inner_text().split()
    assert words == [word.strip() for word in numbered("w", 60)]
    expect(page.locator(".banner:visible")).to_have_count(0)


def test_an_ended_session_says_so_and_keeps_the_text(enter, person, model):
    page = enter(person)
    begin(page)
    page.context.clear_cookies(name="sessionid")
    ask(page, "Am I still here?")
    expect(page.locator("#banner-session")).to_be_visible()
    expect(field(page)).to_have_value("Am I still here?")
    expect(page.get_by_role("link", name="Sign in again")).to_be_visible()


def test_being_shut_out_reaches_the_open_page(enter, person, model):
    page = enter(person)
    begin(page)
    with transaction.atomic():
        User.objects.filter(pk=person.pk).update(is_active=False)
        bump_rights()
    stays(page, "#banner-session")


def stays(page: Page, banner: str) -> None:
    """A refusal is said, and nothing about connecting again takes its place."""
    expect(page.locator(banner)).to_be_visible()
    page.wait_for_timeout(2500)
    expect(page.locator(banner)).to_be_visible()
    expect(page.locator("#banner-offline")).to_be_hidden()


def test_deleting_in_one_tab_reaches_the_other(enter, person, model):
    page = enter(person)
    begin(page)
    other = enter(person)
    other.goto(page.url + "delete/")
    other.get_by_role("button", name="Delete").click()
    stays(page, "#banner-gone")


def test_a_failed_answer_is_retried_in_place(enter, person, model, fake):
    fake.queue(status=401)
    page = enter(person)
    page.goto("/")
    ask(page, "Hello?")
    expect(answers(page)).to_have_attribute("data-state", "failed")
    expect(answers(page)).to_contain_text("refused the stored key")
    page.get_by_role("button", name="Retry").click()
    expect(answers(page)).to_have_count(1)
    expect(answers(page)).to_have_attribute("data-state", "done")


def test_a_cut_answer_goes_on(enter, person, model, fake):
    fake.queue(pieces=numbered("w", 30), delay_ms=20, cut_after=10)
    page = enter(person)
    page.goto("/")
    ask(page, "Hello?")
    expect(answers(page)).to_have_attribute("data-state", "interrupted")
    expect(answers(page)).to_contain_text("What had arrived is kept")
    fake.queue(pieces=[f"w{n} " for n in range(10, 30)])
    page.get_by_role("button", name="Continue").click()
    expect(answers(page)).to_have_attribute("data-state", "done")
    words = answers(page).locator(".prose").inner_text().split()
    assert words == [word.strip() for word in numbered("w", 30)]
