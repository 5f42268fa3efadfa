"""The field in which one writes."""

import contextlib
import re

from playwright.sync_api import Error, Route, expect

from chat.models import Draft, Message
from tests.browser.steps import answers, ask, begin, field, numbered, questions


def test_shift_enter_breaks_and_enter_sends(enter, person, model):
    page = enter(person)
    page.goto("/")
    field(page).fill("one")
    field(page).press("Shift+Enter")
    field(page).type("two")
    assert field(page).input_value() == "one\ntwo"
    field(page).press("Enter")
    expect(questions(page).locator(".said")).to_have_text("one\ntwo", use_inner_text=True)
    expect(field(page)).to_have_value("")
    expect(field(page)).to_be_focused()


def test_enter_within_an_input_method_sends_nothing(enter, person, model):
    page = enter(person)
    page.goto("/")
    field(page).fill("ni hao")
    page.evaluate(
        """document.getElementById("composer-text").dispatchEvent(new KeyboardEvent("keydown",
           {key: "Enter", isComposing: true, bubbles: true, cancelable: true}))"""
    )
    page.wait_for_timeout(300)
    assert field(page).input_value() == "ni hao"
    assert Message.objects.count() == 0


def test_nothing_and_spaces_are_not_sent(enter, person, model):
    page = enter(person)
    page.goto("/")
    ask(page, "   ")
    page.get_by_role("button", name="Send").click()
    page.wait_for_timeout(300)
    assert page.url.endswith("/")
    assert Message.objects.count() == 0


def test_an_impatient_person_sends_once(enter, person, model, fake):
    page = enter(person)
    begin(page)
    field(page).fill("again")
    for _ in range(5):
        field(page).press("Enter", no_wait_after=True)
    expect(answers(page)).to_have_count(2)
    expect(answers(page).last).to_have_attribute("data-state", "done")
    assert Message.objects.filter(text="again").count() == 1
    assert len(fake.calls) == 2


def test_what_is_too_long_is_said_in_place_and_kept(enter, person, model):
    page = enter(person)
    begin(page)
    field(page).fill("x" * 1_000_000)
    field(page).press("Enter")
    expect(page.locator("#composer-error")).to_contain_text("too long")
    assert len(field(page).input_value()) == 1_000_000
    field(page).fill("short")
    expect(page.locator("#composer-error")).to_be_empty()


def test_the_field_grows_to_a_limit(enter, person, model):
    page = enter(person)
    page.goto("/")
    low = field(page).bounding_box()["height"]
    field(page).fill("\n".join(["line"] * 6))
    higher = field(page).bounding_box()["height"]
    field(page).fill("\n".join(["line"] * 200))
    highest = field(page).bounding_box()["height"]
    assert low < higher < highest < 900 * 0.5


def test_a_draft_is_there_after_a_reload_and_gone_after_sending(enter, person, model):
    page = enter(person)
    begin(page)
    with page.expect_response(re.compile("/draft/")):
        field(page).type("half a thought")
    page.reload()
    expect(field(page)).to_have_value("half a thought")
    field(page).press("Enter")
    expect(answers(page)).to_have_count(2)
    page.reload()
    expect(field(page)).to_have_value("")
    assert not Draft.objects.exists()


def test_a_suggestion_fills_the_field(enter, person, model):
    page = enter(person)
    page.goto("/")
    page.get_by_role("link", name="Write a short poem").click()
    expect(field(page)).to_have_value(re.compile("poem"))
    expect(field(page)).to_be_focused()
    assert page.url.endswith("/")


def test_send_is_stop_while_an_answer_is_written(enter, person, model, fake):
    page = enter(person)
    begin(page)
    fake.queue(pieces=numbered("w", 400), delay_ms=50)
    ask(page, "long one")
    stop = page.get_by_role("button", name="Stop the answer")
    expect(stop).to_be_visible()
    expect(page.get_by_role("button", name="Send")).to_be_hidden()
    expect(answers(page).last).to_contain_text("w2 ")
    field(page).fill("not yet")
    field(page).press("Enter")
    stop.click()
    expect(answers(page).last).to_have_attribute("data-state", "stopped")
    expect(page.get_by_role("button", name="Send")).to_be_visible()
    expect(field(page)).to_have_value("not yet")
    assert len(fake.calls) == 2


def test_the_picked_model_answers(enter, person, model, fake):
    from providers.models import ModelSpec

    ModelSpec.objects.create(
        provider=model.provider, name="fake-n3", label="Other", makes_titles=False
    )
    page = enter(person)
    page.goto("/")
    page.get_by_label("Model", exact=True).select_option(label="Other")
    ask(page, "Hi")
    expect(answers(page)).to_have_attribute("data-state", "done")
    assert fake.calls[-1].model == "fake-n3"
    page.reload()
    picked = page.get_by_label("Model", exact=True).locator("option:checked")
    expect(picked).to_have_text("Other")


def test_a_message_edited_after_a_lost_response_is_a_message_of_its_own(enter, person, model):
    page = enter(person)
    begin(page)

    def lose(route: Route) -> None:
        route.fetch()  # the server takes it
        route.abort()

    page.route("**/send/", lose, times=1)
    ask(page, "First wording")
    expect(page.locator("#banner-failed")).to_be_visible()
    expect(answers(page)).to_have_count(2)  # the socket brings what was taken
    expect(answers(page).last).to_have_attribute("data-state", "done")
    expect(field(page)).to_have_value("First wording")
    ask(page, "Second wording")
    expect(answers(page)).to_have_count(3)
    expect(questions(page).nth(1)).to_contain_text("First wording")
    expect(questions(page).nth(2)).to_contain_text("Second wording")


def test_a_draft_on_its_way_does_not_bring_a_sent_text_back(enter, person, model):
    page = enter(person)
    begin(page)
    held: list[Route] = []
    page.route("**/draft/", lambda route: held.append(route), times=1)
    with page.expect_request("**/draft/"):
        field(page).press_sequentially("Sent in a moment")
    field(page).press("Enter")
    expect(answers(page)).to_have_count(2)
    with contextlib.suppress(Error):  # it was called off
        held[0].continue_()
    page.wait_for_timeout(300)
    page.reload()
    expect(field(page)).to_have_value("")
