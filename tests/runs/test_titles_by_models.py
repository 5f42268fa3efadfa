"""A conversation is named by the model that answered, where it is able and nobody else did."""

import asyncio
import time
import uuid

import pytest
from asgiref.sync import sync_to_async

from chat import actions
from chat.models import Conversation
from chat.tasks import title_conversation
from providers.errors import RateLimited
from providers.values import Delta
from runs.models import Run
from tests.runs.scripted import END, REPORTED, ScriptedBackend
from usage.models import UsageRecord


@pytest.fixture
def sent(monkeypatch) -> list:
    """The tasks that were asked for."""
    sent: list = []
    monkeypatch.setattr("chat.door.send_task", lambda task, *args: sent.append((task, *args)))
    return sent


@pytest.fixture
def told(monkeypatch) -> list:
    """What the conversation's open pages were told."""
    told: list = []
    monkeypatch.setattr("chat.actions.publish", lambda topic, message: told.append(message))
    return told


@pytest.fixture
def answered(play, until, spec, sent, engine, monkeypatch) -> Run:
    """A Run that is done, by a model that is able to name conversations."""
    spec.makes_titles = True
    spec.save()
    monkeypatch.setattr("chat.tasks.engine", lambda: engine)
    exchange, _ = play(["Because ", "of drops.", END])
    return until(exchange.answer.run, "done")


def eventually(condition) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def named() -> Conversation:
    """Return the conversation once the call for its title is closed."""
    eventually(lambda: UsageRecord.objects.filter(door="title").exclude(state="held").exists())
    return Conversation.objects.get()


def test_the_first_answer_asks_for_a_title(answered, sent):
    assert sent == [(title_conversation, str(answered.pk))]


def test_the_title_is_kept_shown_and_paid_for(answered, told):
    title_conversation(str(answered.pk))
    eventually(lambda: told)
    conversation = named()
    assert (conversation.title, conversation.titled_by) == ("A title", "model")
    assert told[-1] == {"type": "topic.changed", "what": "title"}
    record = UsageRecord.objects.get(door="title")
    assert (record.input_tokens, record.output_tokens) == (
        REPORTED.input_tokens,
        REPORTED.output_tokens,
    )
    assert record.is_reported


def test_a_persons_title_stays(answered, told):
    actions.rename_conversation(Conversation.objects.get(), "My own")
    title_conversation(str(answered.pk))
    assert Conversation.objects.get().title == "My own"
    assert not UsageRecord.objects.filter(door="title").exists()


def test_a_title_given_while_the_model_thinks_stays(answered, told, monkeypatch):
    async def slow(self, prompt, *, request_id) -> Delta:
        await sync_to_async(rename, thread_sensitive=False)()
        return Delta(text="The model's", finish_reason="stop", usage=REPORTED)

    def rename() -> None:
        actions.rename_conversation(Conversation.objects.get(), "My own")

    monkeypatch.setattr(ScriptedBackend, "complete", slow)
    title_conversation(str(answered.pk))
    assert named().title == "My own"
    assert told == []


def test_an_error_leaves_the_first_words(answered, told, monkeypatch):
    async def refuse(self, prompt, *, request_id) -> Delta:
        raise RateLimited

    monkeypatch.setattr(ScriptedBackend, "complete", refuse)
    title_conversation(str(answered.pk))
    conversation = named()
    assert (conversation.title, conversation.titled_by) == ("Hello?", "words")
    assert UsageRecord.objects.get(door="title").state == "released"


def test_a_model_that_says_nothing_more_is_not_waited_for(answered, monkeypatch):
    async def hang(self, prompt, *, request_id) -> Delta:
        await asyncio.sleep(60)
        raise AssertionError

    monkeypatch.setattr("chat.tasks.TITLE_SECONDS", 0.1)
    monkeypatch.setattr(ScriptedBackend, "complete", hang)
    title_conversation(str(answered.pk))  # returns at once: no thread of the worker waits
    assert named().titled_by == "words"


def test_a_run_that_is_gone_needs_no_title(db):
    title_conversation(str(uuid.uuid4()))
