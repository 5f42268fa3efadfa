"""A short answer cut at every one of its bytes, by the connection and by the network's parts."""

import asyncio

import pytest

from providers import errors
from tests.fake_backend import FakeBackend, running
from tests.providers.conftest import backend, read, read_broken, text

ANSWER = ["Grüße, ", "你好 ", "😀", " w3"]
WHOLE = "".join(ANSWER)


async def test_cut_at_every_byte(fake: FakeBackend):
    short, outcomes = ["ü ", "😀"], {"whole": 0, "cut": 0}
    called = backend(fake, "m")
    for at in range(1300):
        fake.queue(pieces=short, cut_bytes=at)
        try:
            deltas = await read(called)
        except errors.StreamCut:
            outcomes["cut"] += 1
            continue
        assert text(deltas) == "ü 😀", at
        assert any(delta.finish_reason == "stop" for delta in deltas), at
        outcomes["whole"] += 1
        if fake.calls[-1].complete:
            break  # the cut is beyond the answer's end
    else:
        pytest.fail("the answer is longer than thought")
    assert outcomes["cut"] > 400
    assert outcomes["whole"] > 5  # cut after the finish_reason: the answer is all there


@pytest.mark.parametrize("at", range(0, 900, 37))
async def test_what_came_before_a_cut_is_a_beginning(fake: FakeBackend, at: int):
    fake.queue(pieces=ANSWER, cut_bytes=at, delay_ms=5)
    try:
        seen = await read(backend(fake))
    except errors.StreamCut:
        fake.queue(pieces=ANSWER, cut_bytes=at, delay_ms=5)
        seen, _ = await read_broken(backend(fake))
    assert WHOLE.startswith(text(seen))


@pytest.mark.parametrize("split", [1, 2, 3, 5, 17, 64])
async def test_parts_of_any_size_are_the_same_answer(fake: FakeBackend, split: int):
    fake.queue(pieces=ANSWER, split=split)
    deltas = await read(backend(fake))
    assert text(deltas) == WHOLE
    assert [delta.usage for delta in deltas if delta.usage]


@pytest.mark.parametrize("framing", ["chunked", "close"])
async def test_a_clean_end_without_a_reason_is_a_cut(fake: FakeBackend, framing: str):
    fake.queue(pieces=ANSWER, finish=None, framing=framing)
    seen, error = await read_broken(backend(fake))
    assert (text(seen), type(error)) == (WHOLE, errors.StreamCut)
    fake.queue(pieces=ANSWER, framing=framing)
    assert text(await read(backend(fake))) == WHOLE


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ({"bad_json_after": 2}, errors.BadResponse),
        ({"error_after": 2}, errors.ServerFailed),
        ({"error_after": 2, "error": {"error": {"code": "context_length_exceeded"}}}, None),
        ({"cut_after": 2}, errors.StreamCut),
        ({"stall_after": 2}, errors.IdleTimeout),
    ],
)
async def test_what_breaks_in_the_middle_keeps_what_came(fake: FakeBackend, script, error):
    fake.queue(pieces=ANSWER, delay_ms=10, **script)
    seen, raised = await read_broken(backend(fake, idle=0.2))
    assert text(seen) == "Grüße, 你好 "
    assert type(raised) is (error or errors.ContextTooLong)


async def test_the_connection_is_given_up_after_every_break():
    async with running() as fake:
        called = backend(fake, idle=0.2)
        for model in ("fake-badjson", "fake-err3", "fake-stall3-d1", "fake-nofinish", "fake-cut3"):
            called = backend(fake, model, idle=0.2)
            await read_broken(called)
        await asyncio.sleep(0.05)
        broken = [call.model for call in fake.calls if not call.ended_at]
        assert broken == []
        from providers.backends.clients import close_clients

        await close_clients()
        await asyncio.sleep(0.05)
        assert fake.open_connections == 0


@pytest.mark.parametrize(
    "after",
    [
        'data: {"broken\n\n',
        'data: {"error": {"message": "late"}}\n\n',
        "data: [1]\n\n",
        'data: {"choices": [], "usage": {"prompt_tokens": "x"}}\n\n',
        "",
    ],
)
@pytest.mark.parametrize("together", [True, False])
async def test_nothing_after_the_end_spoils_an_answer(
    fake: FakeBackend, after: str, together: bool
):
    end = 'data: {"choices":[{"delta":{"content":"all"},"finish_reason":"stop"}]}\n\n'
    fake.queue(raw=[end + after] if together else [end, after], delay_ms=20)
    assert text(await read(backend(fake))) == "all"
