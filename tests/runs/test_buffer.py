"""The buffer's script on a real Valkey: in step, fenced, rebuilt."""

import uuid
from collections.abc import AsyncIterator

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from redis.asyncio import Redis

from runs.buffer import FENCED, NEEDS_ALL, Buffer, Frame, fence_key, seal, text_key
from runs.hints import group_channel


@pytest.fixture
async def buffer() -> AsyncIterator[Buffer]:
    buffer = Buffer(Redis.from_url(settings.REDIS_URL))
    yield buffer
    await buffer.close()


@pytest.fixture
def run_id() -> uuid.UUID:
    return uuid.uuid4()


async def append(buffer: Buffer, run_id: uuid.UUID, text: str, known: int, fence: int = 1) -> int:
    pipe = buffer.pipeline()
    await buffer.append(pipe, Frame(run_id, "topic.of.a.test", fence, 0, text), known)
    return (await pipe.execute())[0]


async def sealed(run_id: uuid.UUID, fence: int) -> str:
    return await sync_to_async(seal)(run_id, fence)


async def test_text_grows_by_bytes(buffer, run_id):
    assert await append(buffer, run_id, "é", 0) == 2
    assert await append(buffer, run_id, "🜚", 2) == 6
    assert await buffer.read(run_id, 1) == "é🜚"


async def test_text_that_does_not_continue_is_refused(buffer, run_id):
    assert await append(buffer, run_id, "abc", 0) == 3
    assert await append(buffer, run_id, "abc", 0) == NEEDS_ALL
    assert await append(buffer, run_id, "f", 5) == NEEDS_ALL
    assert await buffer.read(run_id, 1) == "abc"


async def test_a_lost_buffer_is_asked_for_and_rebuilt(buffer, run_id):
    await append(buffer, run_id, "abc", 0)
    await buffer.redis.flushall()
    assert await append(buffer, run_id, "d", 3) == NEEDS_ALL
    await buffer.rebuild(run_id, 1, "abc")
    assert await append(buffer, run_id, "d", 3) == 4
    assert await buffer.read(run_id, 1) == "abcd"


async def test_an_old_fence_is_refused(buffer, run_id):
    await append(buffer, run_id, "abc", 0)
    assert await sealed(run_id, 1) == "abc"
    assert await append(buffer, run_id, "d", 3) == FENCED
    await buffer.rebuild(run_id, 2, "new")
    assert await append(buffer, run_id, "x", 0, fence=1) == FENCED
    assert await buffer.read(run_id, 2) == "new"


async def test_the_fence_is_never_lowered(buffer, run_id):
    assert await sealed(run_id, 4) == ""
    assert await sealed(run_id, 2) == ""
    assert await buffer.redis.get(fence_key(run_id)) == b"5"


async def test_a_new_fence_has_a_text_of_its_own(buffer, run_id):
    await append(buffer, run_id, "old", 0, fence=1)
    assert await append(buffer, run_id, "new", 0, fence=2) == 3
    assert await buffer.redis.get(fence_key(run_id)) == b"2"
    assert await buffer.read(run_id, 2) == "new"


async def test_what_is_refused_is_not_published(buffer, run_id):
    async with buffer.redis.pubsub() as listener:
        await listener.subscribe(group_channel("topic.of.a.test"))
        await listener.get_message(timeout=1)
        await append(buffer, run_id, "abc", 0)
        assert await listener.get_message(timeout=1) is not None
        await append(buffer, run_id, "abc", 0)
        await sealed(run_id, 1)
        await append(buffer, run_id, "def", 3)
        assert await listener.get_message(timeout=0.2) is None


async def test_nothing_is_kept_for_ever(buffer, run_id):
    await append(buffer, run_id, "abc", 0)
    await append(buffer, run_id, "abc", 3)
    for key in (fence_key(run_id), text_key(run_id, 1)):
        assert 0 < await buffer.redis.ttl(key) <= 3600


async def test_a_run_without_a_buffer_reads_as_nothing(buffer, run_id):
    assert await buffer.read(run_id, 1) == ""
