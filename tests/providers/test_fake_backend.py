"""The fake keeps its word: what a test queues is sent, what was sent is in its log."""

import asyncio
import json
import subprocess
import sys
import urllib.request

import pytest

from tests.fake_backend import FakeBackend, Script
from tests.fake_backend.script import document, words
from tests.providers.conftest import HELLO, backend, read, read_broken, text


async def test_the_log_says_what_was_sent(fake: FakeBackend):
    await read(backend(fake, "fake-n3"), request_id="attempt-1")
    (call,) = fake.calls
    assert (call.request_id, call.model, call.text) == ("attempt-1", "fake-n3", "w0 w1 w2 ")
    assert (call.tokens, call.finish_reason, call.complete) == (3, "stop", True)
    assert call.usage == {"prompt_tokens": 3, "completion_tokens": 3, "total_tokens": 6}
    assert (call.client_closed, call.status) == (False, 200)
    assert call.first_text_at is not None
    assert call.ended_at is not None


async def test_usage_is_logged_only_when_it_was_written(fake: FakeBackend):
    await read_broken(backend(fake, "fake-n9-cut4"))
    await read(backend(fake, "fake-n3-nousage"))
    stream = backend(fake, "fake-d10-n50").stream(HELLO, request_id="x")
    await anext(stream)
    await stream.aclose()
    await asyncio.sleep(0.05)
    assert [call.usage for call in fake.calls] == [None, None, None]
    assert [call.complete for call in fake.calls] == [False, True, False]
    assert [call.client_closed for call in fake.calls] == [False, False, True]


async def test_queued_scripts_go_first_and_in_order(fake: FakeBackend):
    fake.queue(pieces=["one"])
    fake.queue(pieces=["two"])
    found = [text(await read(backend(fake, "fake-n1"))) for _ in range(3)]
    assert found == ["one", "two", "w0 "]


async def test_reset_forgets(fake: FakeBackend):
    await read(backend(fake))
    fake.queue(pieces=["one"])
    fake.reset()
    assert fake.calls == []
    assert text(await read(backend(fake, "fake-n1"))) == "w0 "


async def test_pace(fake: FakeBackend):
    loop = asyncio.get_running_loop()
    started = loop.time()
    await read(backend(fake, "fake-t100-d20-n11"))
    assert 0.29 <= loop.time() - started < 0.8


def test_a_models_name_is_read_in_any_order():
    script = Script.from_model("fake-md-n4-d7-t9-cut2", cap=None)
    assert (script.first_ms, script.delay_ms, script.cut_after) == (9, 7, 2)
    assert script.pieces[0].startswith("## Chapter 1 w0")
    assert Script.from_model("fake-n9", cap=2).finish == "length"
    assert Script.from_model("fake-e503", cap=None).headers == {"Retry-After": "1"}


@pytest.mark.parametrize("pieces", [words, document])
def test_every_piece_carries_its_number(pieces):
    import re

    found = [re.findall(r"w(\d+)", piece) for _, piece in zip(range(300), pieces(), strict=False)]
    assert found == [[str(number)] for number in range(300)]


def test_as_a_process_it_is_controlled_over_http():
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.fake_backend"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        root = url.removesuffix("/v1")
        ask(f"{root}/control/queue", [{"pieces": ["from ", "afar"]}])
        given = {"model": "x", "messages": [{"role": "user", "content": "hi"}]}
        answer = ask(f"{url}/chat/completions", given)
        assert answer["choices"][0]["message"]["content"] == "from afar"
        (call,) = ask(f"{root}/control/log")["calls"]
        assert (call["text"], call["stream"], call["complete"]) == ("from afar", False, True)
        assert "cpu_s" in ask(f"{root}/control/stats")
        ask(f"{root}/control/reset", {})
        assert ask(f"{root}/control/log") == {"calls": []}
    finally:
        process.terminate()
        assert process.wait(5) == 0


def ask(url: str, body: object = None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Authorization": "Bearer x"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)


@pytest.mark.parametrize("body", ['{"pices": []}', "[1]", "nonsense"])
def test_a_script_that_cannot_be_read_is_refused(body: str, fake_in_thread: FakeBackend):
    url = fake_in_thread.base_url.replace("/v1", "/control/queue")
    request = urllib.request.Request(url, body.encode())
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(request, timeout=5)
    assert raised.value.code == 400
