"""What a socket sends: what the page missed, the text as it grows, and the end."""

import asyncio
import contextlib
import time
import uuid
from collections.abc import Callable

import pytest
from asgiref.sync import sync_to_async
from django.db.models.functions import Now

from chat import actions
from chat.consumers import ConversationConsumer
from chat.models import Message
from runs import hints
from runs.actions import finish
from runs.buffer import Buffer, Frame
from runs.claims import claim
from runs.models import Run
from runs.states import State
from tests.chat.sockets import Socket, path_of
from tests.faults.page import Page
from tests.people import signed_in

pytestmark = [pytest.mark.usefixtures("sockets"), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def session(owner) -> str:
    return signed_in(owner).cookies["sessionid"].value


class Writer:
    """Writes an answer as a worker does, frame by frame, and may lose some on their way."""

    def __init__(self, run: Run) -> None:
        self.run = claim(run.pk, "writer")
        self.text = ""
        self.buffer: Buffer | None = None
        Run.objects.filter(pk=run.pk).update(first_text_at=Now())

    async def write(self, text: str, *, lost: bool = False) -> None:
        self.buffer = self.buffer or Buffer()
        frame = Frame(self.run.pk, self.run.topic, self.run.fence, len(self.text), text)
        if lost:
            self.text += text
            await self.buffer.rebuild(self.run.pk, self.run.fence, self.text)
            return
        pipe = self.buffer.pipeline()
        await self.buffer.append(pipe, frame, len(self.text.encode()))
        assert (await pipe.execute())[0] > 0
        self.text += text

    async def end(self, *, hinted: bool = True) -> None:
        end = sync_to_async(finish)
        assert await end(self.run, State.DONE, text=self.text, finish_reason="stop")


@pytest.fixture
def writer(exchange) -> Writer:
    return Writer(exchange.answer.run)


def noting(calls: list, method: Callable) -> Callable:
    """Return `method` with a note of each call."""

    def noted(self, *args):
        calls.append(args)
        return method(self, *args)

    return noted


async def until(socket: Socket, text: str) -> list[dict]:
    """Read patches until one holds `text`."""
    seen = [await socket.patch()]
    while text not in seen[-1]["content"]:
        seen.append(await socket.patch())
    return seen


async def test_a_waiting_answer_is_told_its_place_after_a_moment(
    exchange, session, owner, model, monkeypatch
):
    monkeypatch.setattr("runs.consumers.SHOW_QUEUE_AGAIN", 0)
    ask = sync_to_async(actions.send_message)
    later = (await ask(exchange.conversation, "And why red?", model, uuid.uuid4())).answer
    path = path_of(exchange.conversation.pk, since=time.time() + 60)
    socket = await Socket(path, session).opened()
    shown = await until(socket, f'id="run-{later.run_id}"')
    waiting = [patch["content"].count("Waiting for the model") for patch in shown]
    assert waiting == [0, 1, 0, 1]  # each answer after its question
    await until(socket, "number 2 in line")
    first = await sync_to_async(claim)(exchange.answer.run_id, "writer")
    end = sync_to_async(finish)
    await end(first, State.DONE, text="Because.", finish_reason="stop")
    await until(socket, "Because.")
    await until(socket, "Waiting for the model")
    await socket.leave()


async def test_a_place_in_line_is_not_counted_at_every_look(exchange, session, model, monkeypatch):
    ask = sync_to_async(actions.send_message)
    await ask(exchange.conversation, "And why red?", model, uuid.uuid4())
    path = path_of(exchange.conversation.pk, since=time.time() + 60)
    socket = await Socket(path, session).opened()
    await until(socket, "number 2 in line")
    looked = []
    monkeypatch.setattr(ConversationConsumer, "find", noting(looked, ConversationConsumer.find))
    told = []
    with contextlib.suppress(TimeoutError):
        while len(told) < 9:
            told.append((await socket.patch(seconds=5))["content"])
    assert len(looked) >= 4, "it looked at both, twice"
    assert not any("in line" in content for content in told)


async def test_a_model_that_thinks_for_long_is_said_to_think(exchange, session):
    socket = await Socket(path_of(exchange.conversation.pk), session).opened()
    await until(socket, "Waiting for the model")
    await sync_to_async(claim)(exchange.answer.run_id, "writer")
    assert 'data-state="running"' in (await until(socket, "Thinking"))[-1]["content"]
    await socket.leave()


async def test_an_answer_that_ends_while_a_page_attaches_is_shown_whole(
    exchange, session, writer, monkeypatch
):
    """No page is told of an end with less than the whole text."""
    newest, ended = ConversationConsumer._newest_text, []

    async def ended_meanwhile(self, run):
        text = await newest(self, run)
        if not ended:
            ended.append(run.pk)
            await writer.write("and all.")
            await writer.end()
        return text

    monkeypatch.setattr(ConversationConsumer, "_newest_text", ended_meanwhile)
    await writer.write("Half ")
    socket = await Socket(path_of(exchange.conversation.pk), session).opened()
    end = 'message--assistant" data-state="done"'
    *_, half, rest, last = await until(socket, end)
    assert "<p>Half</p>" in half["content"]
    assert rest["content"] == " and all."
    assert "hx-preserve" in last["content"]
    await socket.leave()


async def test_an_answer_from_its_first_word_to_its_end(exchange, session, writer):
    socket = await Socket(path_of(exchange.conversation.pk), session).opened()
    await until(socket, f'id="run-{writer.run.pk}"')
    await writer.write("Because of ")
    assert (await until(socket, "Because of"))[-1]["target"].startswith(f"#run-{writer.run.pk}")
    await writer.write("the sun.")
    await until(socket, "the sun.")
    await writer.end()
    last = (await until(socket, 'data-state="done"'))[-1]
    assert last["target"] == "#messages"
    assert f'id="run-{writer.run.pk}" dir="auto" hx-preserve></div>' in last["content"]
    await socket.leave()


async def test_words_that_came_with_the_end_are_shown_before_it(exchange, session, writer):
    socket = await Socket(path_of(exchange.conversation.pk), session).opened()
    await writer.write("Because of ")
    await until(socket, "Because of")
    await writer.write("the sun.", lost=True)
    await writer.end()
    *_, words, last = await until(socket, 'data-state="done"')
    assert words == {"target": words["target"], "swap": "beforeend", "content": " the sun."}
    assert "hx-preserve" in last["content"]
    await socket.leave()


async def test_a_text_that_differs_from_what_was_shown_is_sent_whole(exchange, session, writer):
    socket = await Socket(path_of(exchange.conversation.pk), session).opened()
    await writer.write("Because of ")
    await until(socket, "Because of")
    writer.text = "For other reasons."
    await writer.end()
    last = (await until(socket, 'data-state="done"'))[-1]
    assert "For other reasons." in last["content"]
    assert "hx-preserve" not in last["content"]
    await socket.leave()


async def test_who_comes_late_gets_what_was_written(exchange, session, writer):
    await writer.write("Written before. ")
    socket = await Socket(path_of(exchange.conversation.pk), session).opened()
    await until(socket, "Written before.")
    await writer.write("And after.")
    await until(socket, "And after.")
    await socket.leave()


async def test_lost_frames_are_noticed_at_the_next_one(exchange, session, writer):
    socket = await Socket(path_of(exchange.conversation.pk), session).opened()
    await writer.write("One ")
    await until(socket, "One")
    await writer.write("two ", lost=True)
    await writer.write("three.")
    seen = await until(socket, "three.")
    assert "two" in seen[-1]["content"]
    await socket.leave()


async def test_a_lost_end_is_found_by_looking_again(exchange, session, writer, monkeypatch):
    monkeypatch.setattr("runs.actions.publish", lambda topic, message: None)
    socket = await Socket(path_of(exchange.conversation.pk), session).opened()
    await writer.write("All of it.")
    await until(socket, "All of it.")
    await writer.end()
    begun = time.monotonic()
    while 'data-state="done"' not in (await socket.patch())["content"]:
        pass
    assert time.monotonic() - begun < 3
    await socket.leave()


async def test_a_lost_end_is_found_while_another_answer_writes(
    exchange, session, writer, model, monkeypatch
):
    """Frames that keep coming for one answer must not keep the other from being looked at."""
    ask = sync_to_async(actions.send_message)
    other = await ask(exchange.conversation, "And why red?", model, uuid.uuid4())
    second = await sync_to_async(Writer)(other.answer.run)
    monkeypatch.setattr("runs.actions.publish", lambda topic, message: None)
    socket = await Socket(path_of(exchange.conversation.pk), session).opened()
    await until(socket, f'id="run-{second.run.pk}"')
    await writer.write("All of it.")
    await writer.end()
    begun = time.monotonic()
    while time.monotonic() - begun < 12:
        await second.write("word ")
        patch = await socket.patch()
        if 'data-state="done"' in patch["content"]:
            break
    assert time.monotonic() - begun < 10  # it looks every two; machines have slow moments
    await socket.leave()


async def test_an_end_during_a_lost_subscription_is_shown_once_and_whole(
    exchange, session, writer, monkeypatch
):
    consumers, serve = [], ConversationConsumer._serve
    monkeypatch.setattr(
        ConversationConsumer, "_serve", lambda self: consumers.append(self) or serve(self)
    )
    monkeypatch.setattr("runs.actions.publish", lambda topic, message: None)
    page = Page()
    socket = await Socket(path_of(exchange.conversation.pk, since=time.time()), session).opened()
    await writer.write("w0 w1 ")
    for patch in await until(socket, "w1"):
        page.apply(patch)
    await asyncio.sleep(0.5)  # what it looks at now it has seen
    await writer.write("w2\n\n- w3\n- w4 ", lost=True)
    await writer.end()
    consumers[0].missed()
    for patch in await until(socket, 'message--assistant" data-state="done"'):
        page.apply(patch)
    while not await socket.receive_nothing(timeout=3, interval=0.1):
        page.apply(await socket.patch())
    assert page.words(writer.run.pk) == [0, 1, 2, 3, 4]
    assert not page.wrongs
    await socket.leave()


async def test_a_thawed_workers_frames_are_not_shown(exchange, session, writer):
    socket = await Socket(path_of(exchange.conversation.pk), session).opened()
    await writer.write("Kept. ")
    await until(socket, "Kept.")
    await sync_to_async(Run.objects.filter(pk=writer.run.pk).update)(fence=2)
    late = Frame(writer.run.pk, writer.run.topic, 1, len(writer.text), "Late.")
    new = Frame(writer.run.pk, writer.run.topic, 2, len(writer.text), "New.")
    publish = sync_to_async(hints.publish)
    await publish(writer.run.topic, new.message())
    await publish(writer.run.topic, late.message())
    assert "Late" not in "".join(p["content"] for p in await until(socket, "New."))
    await socket.leave()


async def test_an_answer_that_ended_while_the_page_was_away(exchange, session, writer):
    made = time.time() - 1
    await writer.write("Ended meanwhile.")
    await writer.end()
    path = path_of(exchange.conversation.pk, since=made, head=exchange.answer.pk)
    socket = await Socket(path, session).opened()
    await until(socket, "Ended meanwhile.")
    await socket.leave()


async def test_a_page_that_missed_nothing_is_sent_nothing(exchange, session, writer):
    await writer.write("Old.")
    await writer.end()
    await sync_to_async(Message.objects.update)(updated_at="2026-01-01T00:00:00Z")
    path = path_of(exchange.conversation.pk, since=time.time(), head=exchange.answer.pk)
    socket = await Socket(path, session).opened()
    assert await socket.receive_nothing(timeout=0.5)
    await socket.leave()


async def test_another_conversations_answers_are_not_heard(exchange, session, owner, model, writer):
    start = sync_to_async(actions.start_conversation)
    other = await start(owner, "Elsewhere", model, uuid.uuid4())
    path = path_of(other.conversation.pk)
    socket = await Socket(path, session).opened()
    await until(socket, f'id="run-{other.answer.run_id}"')
    await writer.write("Not for here.")
    assert await socket.receive_nothing(timeout=0.5)
    await socket.leave()
