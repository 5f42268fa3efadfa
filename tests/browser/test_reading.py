"""Scrolling, older messages, copying, and what a screen reader hears."""

import pytest
from playwright.sync_api import expect

from chat.models import Conversation, Message
from tests.browser.steps import answers, ask, begin, eventually, numbered

AT_END = "document.scrollingElement.scrollHeight - innerHeight - scrollY < 60"


def lengthen(count: int) -> None:
    """Give the one conversation this many further messages."""
    conversation = Conversation.objects.get()
    parent_id = conversation.head_id
    made = []
    for number in range(count):
        role = Message.Role.ASSISTANT if number % 2 else Message.Role.USER
        message = Message(conversation=conversation, parent_id=parent_id, role=role)
        message.text = f"old-{number}. " + "Some words to read. " * 20
        made.append(message)
        parent_id = message.pk
    Message.objects.bulk_create(made)
    Conversation.objects.update(head_id=parent_id)


def test_the_page_follows_a_growing_answer_only_at_its_end(enter, person, model, fake):
    page = enter(person, height=500)
    begin(page)
    lengthen(20)
    page.reload()
    eventually(page, AT_END, seconds=2)
    fake.queue(pieces=[f"{word}\n\n" for word in numbered("w", 160)], delay_ms=25)
    ask(page, "Long one")
    expect(answers(page).last).to_contain_text("w20")
    eventually(page, AT_END, seconds=2)
    page.mouse.move(600, 200)
    page.mouse.wheel(0, -700)
    page.wait_for_timeout(200)
    place = page.evaluate("scrollY")
    expect(answers(page).last).to_contain_text("w100")
    assert page.evaluate("scrollY") == place
    page.get_by_role("button", name="To the newest message").click()
    expect(answers(page).last).to_have_attribute("data-state", "done")
    page.wait_for_timeout(100)
    eventually(page, AT_END, seconds=2)


def test_older_messages_come_without_moving_the_reader(enter, person, model):
    page = enter(person, height=600)
    begin(page)
    lengthen(100)
    page.reload()
    expect(page.locator(".message")).to_have_count(40)
    name = page.locator(".message").first.get_attribute("id")
    page.evaluate("scrollTo(0, 100)")
    expect(page.locator(".message")).to_have_count(80)
    page.wait_for_timeout(200)
    box = page.locator(f"#{name}").bounding_box()
    assert -300 < box["y"] < 600
    page.keyboard.press("Home")
    expect(page.locator(".message")).to_have_count(102)
    expect(page.locator("[data-older]")).to_have_count(0)
    orders = page.locator(".message").evaluate_all("all => all.map(one => +one.dataset.order)")
    assert orders == sorted(orders)


CODE = "Look:\n\n```python\nprint('hello')\nprint('again')\n```\n"


@pytest.mark.parametrize("reload", [False, True])
def test_code_and_answers_can_be_copied(enter, person, model, fake, reload):
    fake.queue(pieces=[CODE])
    page = enter(person, permissions=["clipboard-read", "clipboard-write"])
    begin(page)
    if reload:
        page.reload()
    page.get_by_role("button", name="Copy the code").click()
    read = "navigator.clipboard.readText()"
    assert page.evaluate(read) == "print('hello')\nprint('again')"
    answers(page).get_by_role("button", name="Copy", exact=True).click()
    assert "Look:" in page.evaluate(read)


def test_a_screen_reader_hears_sentences(enter, person, model, fake):
    sentences = [f"This is sentence number {n}. " for n in range(40)]
    pieces = [word + " " for sentence in sentences for word in sentence.split()]
    fake.queue(pieces=pieces, delay_ms=30)
    page = enter(person)
    page.goto("/")
    page.evaluate(
        """() => { window.heard = [];
        new MutationObserver(() => heard.push(document.getElementById("announcer").textContent))
          .observe(document.getElementById("announcer"), {childList: true}); }"""
    )
    ask(page, "Talk")
    expect(answers(page)).to_have_attribute("aria-busy", "true")
    expect(answers(page)).to_have_attribute("data-state", "done", timeout=20_000)
    expect(answers(page)).not_to_have_attribute("aria-busy", "true")
    page.wait_for_timeout(200)
    heard = page.evaluate("heard")
    assert 1 < len(heard) < 10
    assert all(part.rstrip().endswith(".") for part in heard)
    spoken = " ".join("".join(heard).split())
    assert spoken == " ".join("".join(pieces).split())
