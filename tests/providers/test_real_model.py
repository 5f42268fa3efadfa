"""The same client code against the real model server that an installation starts."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import AsyncIterator, Iterator

import pytest

from ops.model import CONTEXT, NAME
from providers import errors
from providers.backends.clients import Target, close_clients
from providers.backends.deadlines import Deadlines
from providers.backends.openai import OpenAIBackend
from providers.seeding import EMBEDDED_MODEL
from providers.values import Prompt, Turn
from tests.providers.conftest import read, read_broken, text

pytestmark = pytest.mark.model
KEY = "local-key-0123456789abcdef"


@pytest.fixture(scope="module")
def port(unused_tcp_port_factory) -> Iterator[int]:
    port = unused_tcp_port_factory()
    process = subprocess.Popen(
        [sys.executable, "-m", "ops.model_server", str(port)],
        env={**os.environ, "EMBEDDED_MODEL_KEY": KEY},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until = time.monotonic() + 60
        while not _healthy(port):
            assert process.poll() is None, "the model server ended"
            assert time.monotonic() < until, "the model server does not answer"
            time.sleep(0.1)
        yield port
    finally:
        process.kill()
        process.wait()


def _healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


@pytest.fixture
async def model(port: int) -> AsyncIterator[OpenAIBackend]:
    target = Target(uuid.uuid4(), f"http://127.0.0.1:{port}/v1", KEY, allow_private=True)
    yield OpenAIBackend(target, NAME, Deadlines(60, 30, 120))
    await close_clients()


def ask(question: str, most: int) -> Prompt:
    return Prompt((Turn("user", question),), max_tokens=most, temperature=0)


async def test_an_answer_is_streamed_and_counted(model: OpenAIBackend):
    deltas = await read(model, ask("Write a sentence about the sea.", 40))
    assert len(text(deltas).split()) >= 4
    assert len(deltas) > 3
    (usage,) = [delta.usage for delta in deltas if delta.usage]
    assert usage.input_tokens > 10
    assert 0 < usage.output_tokens <= 40


async def test_calls_follow_each_other_without_a_pause(model: OpenAIBackend):
    """It closes its connection behind a stream; the next call must not fall into that."""
    for _ in range(4):
        await read(model, ask("Hi", 2))
        assert (await model.complete(ask("Hi", 2), request_id="x")).text


async def test_the_cap_holds(model: OpenAIBackend):
    deltas = await read(model, ask("Count to one hundred.", 5))
    assert "length" in {delta.finish_reason for delta in deltas}


async def test_what_does_not_fit_is_said_to_be_too_long(model: OpenAIBackend):
    _, error = await read_broken(model, ask("word " * (CONTEXT + 500), 5))
    assert type(error) is errors.ContextTooLong


async def test_a_wrong_key_is_said_to_be_wrong(port: int):
    target = Target(uuid.uuid4(), f"http://127.0.0.1:{port}/v1", "wrong", allow_private=True)
    _, error = await read_broken(OpenAIBackend(target, NAME, Deadlines(60, 30, 120)))
    assert type(error) is errors.AuthenticationFailed
    await close_clients()


def test_it_is_seeded_as_what_it_is():
    assert EMBEDDED_MODEL["name"] == NAME
    assert EMBEDDED_MODEL["context_window"] == CONTEXT
