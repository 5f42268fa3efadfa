"""One client for a credential and a loop, kept open; a new key takes the old one's place."""

import asyncio
import dataclasses
import uuid
from dataclasses import replace

from providers.backends import clients
from providers.backends.clients import borrowed, close_clients
from tests.fake_backend import FakeBackend
from tests.providers.conftest import HELLO, SECRET, backend, read, text


async def test_the_same_target_is_the_same_client(fake: FakeBackend):
    target = backend(fake, provider_id=uuid.uuid4()).target
    with borrowed(target) as one, borrowed(target) as two:
        assert one is two


async def test_a_new_key_is_used_at_once_and_running_streams_go_on(fake: FakeBackend):
    provider = uuid.uuid4()
    old = backend(fake, "fake-d20-n10", provider_id=provider, secret="old-key")
    stream = old.stream(HELLO, request_id="x")
    first = await anext(stream)
    new = backend(fake, "fake-n2", provider_id=provider, secret="new-key")
    assert text(await read(new)) == "w0 w1 "
    rest = [delta async for delta in stream]
    assert first.text + text(rest) == "".join(f"w{number} " for number in range(10))
    assert [call.authorization for call in fake.calls] == ["Bearer old-key", "Bearer new-key"]


async def test_keys_that_take_turns_keep_their_connections(fake: FakeBackend):
    provider, ids = uuid.uuid4(), {"one": uuid.uuid4(), "two": uuid.uuid4()}
    seen: dict[str, set[int]] = {name: set() for name in ids}
    for _ in range(3):
        for name, number in ids.items():
            called = backend(fake, "fake-n1", provider_id=provider, secret=name)
            target = dataclasses.replace(called.target, credential_id=number)
            await read(dataclasses.replace(called, target=target))
            with borrowed(target) as client:
                seen[name].add(id(client))
    assert [len(clients) for clients in seen.values()] == [1, 1]
    assert [call.authorization for call in fake.calls] == ["Bearer one", "Bearer two"] * 3


async def test_the_client_of_a_key_that_is_used_no_more_is_closed(fake, monkeypatch):
    target = backend(fake).target
    with borrowed(target) as old:
        pass
    monkeypatch.setattr(clients, "_UNUSED_SECONDS", 0.0)
    await asyncio.sleep(0.01)
    with borrowed(dataclasses.replace(target, credential_id=uuid.uuid4())):
        pass
    await asyncio.sleep(0.01)
    assert old.is_closed()


async def test_a_replaced_client_is_closed_after_its_last_call(fake: FakeBackend):
    provider = uuid.uuid4()
    with borrowed(backend(fake, provider_id=provider, secret="old-key").target) as old:
        with borrowed(backend(fake, provider_id=provider, secret="new-key").target):
            pass
        assert not old.is_closed()
    await asyncio.sleep(0.01)
    assert old.is_closed()


async def test_closing_leaves_nothing_open(fake: FakeBackend):
    await read(backend(fake))
    await close_clients()
    await asyncio.sleep(0.02)
    assert fake.open_connections == 0


def test_a_loop_that_is_gone_is_forgotten(fake_in_thread):
    asyncio.run(_once(fake_in_thread))
    before = len(clients._open)  # with those of servers that other tests keep running
    for _ in range(3):
        asyncio.run(_once(fake_in_thread))
    assert len(clients._open) <= before


async def _once(fake: FakeBackend) -> None:
    await read(backend(fake))
    await clients.close_clients()
    clients._of_this_loop()


async def test_the_key_goes_into_the_header_of_its_kind_alone(fake: FakeBackend):
    for kind in ("openai", "azure"):
        target = replace(backend(fake).target, kind=kind)
        await read(replace(backend(fake), target=target))
    plain, azure = (call.headers for call in fake.calls)
    assert plain["authorization"] == f"Bearer {SECRET}"
    assert "api-key" not in plain
    assert azure["api-key"] == SECRET
    assert "authorization" not in azure
    assert SECRET not in str({**azure, "api-key": ""})


async def test_where_there_is_no_key_none_is_sent(fake: FakeBackend, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    fake.accept("")
    for kind in ("openai", "azure"):
        target = replace(backend(fake, secret="").target, kind=kind)
        await read(replace(backend(fake), target=target))
    for call in fake.calls:
        assert not {"authorization", "api-key"} & set(call.headers)
