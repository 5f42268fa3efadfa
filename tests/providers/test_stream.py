"""A stream, from the request to the last delta."""

import asyncio
import contextlib
import json
import time

import pytest

from providers.errors import StreamCut
from providers.values import Delta, Prompt, Turn, Usage
from tests.fake_backend import FakeBackend
from tests.providers.conftest import HELLO, SECRET, backend, read, read_broken, text


async def test_the_text_the_reason_and_the_usage_arrive(fake: FakeBackend):
    deltas = await read(backend(fake, "fake-d2-n5"))
    assert text(deltas) == "w0 w1 w2 w3 w4 "
    assert [delta.finish_reason for delta in deltas if delta.finish_reason] == ["stop"]
    assert [delta.usage for delta in deltas if delta.usage] == [Usage(3, 5)]


async def test_pieces_that_arrive_together_are_one_delta(fake: FakeBackend):
    fake.queue(pieces=[f"p{number} " for number in range(40)])
    deltas = await read(backend(fake))
    assert text(deltas) == "".join(f"p{number} " for number in range(40))
    assert len(deltas) < 10


async def test_the_first_piece_does_not_wait_for_the_second(fake: FakeBackend):
    fake.queue(pieces=["now", ["later", 400]])
    stream = backend(fake).stream(HELLO, request_id="x")
    started = time.monotonic()
    assert (await anext(stream)).text == "now"
    assert time.monotonic() - started < 0.3
    await stream.aclose()


async def test_the_request_says_what_the_prompt_says(fake: FakeBackend):
    prompt = Prompt(
        (Turn("system", "s"), Turn("user", "u"), Turn("assistant", "a"), Turn("user", "ü")),
        max_tokens=7,
        temperature=0.5,
        stop=("END",),
    )
    await read(backend(fake, "fake-n3"), prompt, "attempt-9")
    (call,) = fake.calls
    assert call.messages == [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "u"},
        {"role": "assistant", "content": "a"},
        {"role": "user", "content": "ü"},
    ]
    assert call.request == {
        "model": "fake-n3",
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 7,
        "temperature": 0.5,
        "stop": ["END"],
    }
    assert call.request_id == "attempt-9"
    assert call.authorization == f"Bearer {SECRET}"


async def test_only_our_own_headers_are_sent(fake: FakeBackend, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-somebody")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-of-somebody")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Custom: from the environment")
    await read(backend(fake))
    (call,) = fake.calls
    assert set(call.headers) <= {
        *("host", "accept", "accept-encoding", "authorization", "connection", "content-type"),
        *("content-length", "user-agent", "x-client-request-id"),
    }
    assert call.headers["user-agent"] == "causerie"


async def test_a_server_without_a_key_is_sent_none(
    fake: FakeBackend, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-environment-1234567890")
    with pytest.raises(Exception, match="authentication"):
        await read(backend(fake, secret=""))  # the fake insists on one
    assert fake.calls == []


async def test_a_cap_is_reported_as_length(fake: FakeBackend):
    prompt = Prompt((Turn("user", "hi"),), max_tokens=2)
    deltas = await read(backend(fake, "fake-n9"), prompt)
    assert text(deltas) == "w0 w1 "
    assert deltas[-1].finish_reason == "length" or deltas[-2].finish_reason == "length"


async def test_a_filtered_answer_keeps_its_text(fake: FakeBackend):
    fake.queue(pieces=["half"], finish="content_filter")
    deltas = await read(backend(fake))
    assert text(deltas) == "half"
    assert "content_filter" in {delta.finish_reason for delta in deltas}


async def test_a_server_that_does_not_count_gives_no_usage(fake: FakeBackend):
    deltas = await read(backend(fake, "fake-n3-nousage"))
    assert text(deltas) == "w0 w1 w2 "
    assert all(delta.usage is None for delta in deltas)


async def test_cached_and_reasoning_tokens_are_read(fake: FakeBackend):
    fake.queue(
        pieces=["x"],
        usage={
            "prompt_tokens": 100,
            "completion_tokens": 50,
            "prompt_tokens_details": {"cached_tokens": 64},
            "completion_tokens_details": {"reasoning_tokens": 40},
        },
    )
    usages = [delta.usage for delta in await read(backend(fake)) if delta.usage]
    assert usages == [Usage(100, 50, 64, 40)]


@pytest.mark.parametrize(
    "nonsense",
    [
        {"prompt_tokens": -1, "completion_tokens": 2},
        {"prompt_tokens": "12", "completion_tokens": 2},
        {"prompt_tokens": None},
        {"prompt_tokens": 10**12, "completion_tokens": 1},
        {"prompt_tokens": True, "completion_tokens": False},
    ],
)
async def test_figures_that_make_no_sense_are_no_usage(fake: FakeBackend, nonsense: dict):
    fake.queue(pieces=["x"], usage=nonsense)
    assert all(delta.usage is None for delta in await read(backend(fake)))


async def test_closing_the_stream_closes_the_connection_upstream(fake: FakeBackend):
    stream = backend(fake, "fake-d20-n500").stream(HELLO, request_id="x")
    await anext(stream)
    started = time.monotonic()
    await stream.aclose()
    while not fake.calls[0].client_closed:
        assert time.monotonic() - started < 0.2
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("model", ["fake-d20-n500", "fake-never", "fake-slow5000"])
async def test_cancelling_closes_the_connection_upstream(fake: FakeBackend, model: str):
    task = asyncio.create_task(read(backend(fake, model)))
    await asyncio.sleep(0.15)
    task.cancel()
    started = time.monotonic()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    while not fake.calls[0].client_closed:
        assert time.monotonic() - started < 0.2
        await asyncio.sleep(0.001)


async def test_a_plain_connection_is_not_used_again(fake: FakeBackend):
    """Servers close it behind an answer, and the next request would fall into that."""
    called = backend(fake, "fake-n3")
    for _ in range(3):
        await read(called)
    await asyncio.sleep(0.02)
    assert fake.open_connections == 0
    assert len(fake.calls) == 3


async def test_a_hundred_streams_at_once_do_not_wait_for_each_other(fake: FakeBackend):
    called = backend(fake, "fake-t100-d10-n10")
    started = time.monotonic()
    answers = await asyncio.gather(*(read(called) for _ in range(100)))
    assert time.monotonic() - started < 3
    assert {text(answer) for answer in answers} == {"".join(f"w{n} " for n in range(10))}


async def test_a_server_that_answers_whole_although_asked_to_stream(fake: FakeBackend):
    body = {"choices": [{"message": {"content": "all"}, "finish_reason": "stop"}]}
    fake.queue(status=200, raw=[], headers={"Content-Type": "application/json"})
    with pytest.raises(Exception, match="bad_response"):
        await read(backend(fake))
    fake.queue(raw=[json.dumps(body)], headers={"Content-Type": "application/json"})
    assert await read(backend(fake)) == [Delta("all", "stop", None)]


async def test_stream_options_are_left_out_where_they_are_refused(fake: FakeBackend):
    called = backend(fake, "fake-n3-noopts")
    assert text(await read(called)) == "w0 w1 w2 "
    assert text(await read(called)) == "w0 w1 w2 "
    assert ["stream_options" in call.request for call in fake.calls] == [True, False, False]


async def test_the_newer_name_of_the_cap_is_learnt(fake: FakeBackend):
    refusal = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
    fake.queue(status=400, body={"error": {"message": refusal, "code": "unsupported_parameter"}})
    called = backend(fake, "fake-n2-newer")
    assert text(await read(called)) == "w0 w1 "
    await read(called)
    caps = [[key for key in call.request if key.startswith("max_")] for call in fake.calls]
    assert caps == [["max_tokens"], ["max_completion_tokens"], ["max_completion_tokens"]]


async def test_a_refusal_that_teaches_nothing_is_not_repeated(fake: FakeBackend):
    for _ in range(5):
        fake.queue(status=400, body={"error": {"message": "max_completion_tokens? max_tokens?"}})
    with pytest.raises(Exception, match="bad_request"):
        await read(backend(fake, "fake-stubborn"))
    assert len(fake.calls) == 2


@pytest.mark.parametrize("cut", ["fake-n9-cut4", "fake-n9-nofinish", "fake-n9-cut1"])
async def test_an_answer_without_an_end_is_cut(fake: FakeBackend, cut: str):
    seen, error = await read_broken(backend(fake, cut))
    assert type(error) is StreamCut
    assert "w0 w1 w2 w3 w4 w5 w6 w7 w8 ".startswith(text(seen))
    assert all(delta.finish_reason is None for delta in seen)
