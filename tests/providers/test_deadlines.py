"""What happens when a server is slow, silent or gone."""

import asyncio
import time

import pytest

from providers import errors
from providers.backends import clients
from tests.fake_backend import FakeBackend
from tests.providers.conftest import HELLO, backend, read, read_broken, text


@pytest.mark.parametrize("model", ["fake-never", "fake-slow3000", "fake-t3000"])
async def test_no_first_token_in_time(fake: FakeBackend, model: str):
    started = time.monotonic()
    seen, error = await read_broken(backend(fake, model, first_token=0.2))
    assert (seen, type(error)) == ([], errors.FirstTokenTimeout)
    assert time.monotonic() - started < 1


async def test_comments_and_empty_chunks_are_no_first_token(fake: FakeBackend):
    keep_alive = [": working\n\n", 'data: {"choices":[{"delta":{"content":""}}]}\n\n'] * 50
    fake.queue(raw=keep_alive, delay_ms=20)
    _, error = await read_broken(backend(fake, first_token=0.2))
    assert type(error) is errors.FirstTokenTimeout


async def test_silence_in_the_middle(fake: FakeBackend):
    seen, error = await read_broken(backend(fake, "fake-d5-n20-stall5", idle=0.2))
    assert text(seen) == "w0 w1 w2 w3 w4 "
    assert type(error) is errors.IdleTimeout
    assert fake.calls[0].client_closed or await _closed(fake)


async def test_a_slow_but_living_stream_is_let_be(fake: FakeBackend):
    seen = await read(backend(fake, "fake-d60-n12", idle=0.3, first_token=0.3))
    assert text(seen) == "".join(f"w{number} " for number in range(12))


async def test_thought_keeps_a_stream_alive(fake: FakeBackend):
    thought = 'data: {"choices":[{"delta":{"reasoning_content":"hm"}}]}\n\n'
    end = 'data: {"choices":[{"delta":{"content":"42"},"finish_reason":"stop"}]}\n\n'
    fake.queue(raw=[thought] * 10 + [end], delay_ms=50)
    assert text(await read(backend(fake, first_token=0.3, idle=0.3))) == "42"


async def test_an_answer_that_never_ends(fake: FakeBackend):
    started = time.monotonic()
    seen, error = await read_broken(backend(fake, "fake-d10-n9000", total=0.4))
    assert type(error) is errors.TotalTimeout
    assert not error.retry
    assert text(seen).startswith("w0 w1 ")
    assert time.monotonic() - started < 1.5


async def test_a_whole_answer_is_kept_when_the_end_of_the_stream_hangs(
    fake: FakeBackend, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("providers.backends.deadlines.CLOSING_SECONDS", 0.1)
    end = 'data: {"choices":[{"delta":{"content":"all"},"finish_reason":"stop"}]}\n\n'
    fake.queue(raw=[end, ": \n\n"], delay_ms=2000)
    started = time.monotonic()
    assert text(await read(backend(fake))) == "all"
    assert time.monotonic() - started < 1


async def test_nobody_listens(fake: FakeBackend, unused_tcp_port: int):
    called = backend(fake, base_url=f"http://127.0.0.1:{unused_tcp_port}/v1")
    _, error = await read_broken(called)
    assert (error.kind, error.retry) == ("connection", True)


async def test_a_name_that_does_not_exist(fake: FakeBackend):
    _, error = await read_broken(backend(fake, base_url="http://nowhere.invalid/v1"))
    assert error.kind == "connection"


async def test_no_connection_in_time(fake: FakeBackend, monkeypatch: pytest.MonkeyPatch):
    """A listener whose queue is full takes no further connection."""
    import socket

    monkeypatch.setattr(clients, "CONNECT_SECONDS", 0.3)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        await asyncio.sleep(0.05)
        _, error = await read_broken(backend(fake, base_url=f"http://127.0.0.1:{port}/v1"))
        for each in waiting:
            each.close()
    assert error.kind == "timeout_connect"


async def test_complete_waits_no_longer_than_an_answer_may_take(fake: FakeBackend):
    with pytest.raises(errors.ProviderTimeout):
        await backend(fake, "fake-slow3000", total=0.2).complete(HELLO, request_id="x")


async def test_a_stream_costs_one_timer(fake: FakeBackend, monkeypatch: pytest.MonkeyPatch):
    loop = asyncio.get_running_loop()
    made = []
    original = loop.call_at

    def call_at(when, callback, *arguments, **options):
        if "Watch" in getattr(callback, "__qualname__", ""):
            made.append(callback)
        return original(when, callback, *arguments, **options)

    monkeypatch.setattr(loop, "call_at", call_at)
    await read(backend(fake, "fake-d2-n100"))
    assert 1 <= len(made) <= 3  # at the start, with the first token, for the end


async def _closed(fake: FakeBackend) -> bool:
    await asyncio.sleep(0.1)
    return fake.calls[0].client_closed
