"""The newest text of live Runs in Redis: one string a Run and fence.

Two keys a Run: `…:fence` holds the highest fence that ever wrote, `…:text:<fence>` the text in
UTF-8. One script appends, publishes the frame and refuses older fences in a single step, so
that a thawed worker can neither grow a text nor show a frame after it was superseded.
"""

from dataclasses import dataclass
from uuid import UUID

import redis
from django.conf import settings
from redis.asyncio import Redis
from redis.asyncio.client import Pipeline

from runs.hints import encoded, group_channel

KEPT_SECONDS = 3600
FENCED, NEEDS_ALL = -1, -2

# KEYS: fence, text. ARGV: own fence, bytes expected before, new bytes, seconds, channel, frame.
_APPEND = """
local held = redis.call('GET', KEYS[1])
if held and tonumber(held) > tonumber(ARGV[1]) then return -1 end
if redis.call('STRLEN', KEYS[2]) ~= tonumber(ARGV[2]) then return -2 end
if not held or tonumber(held) < tonumber(ARGV[1]) or ARGV[2] == '0' then
  redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[4])
end
local length = redis.call('APPEND', KEYS[2], ARGV[3])
if ARGV[2] == '0' then redis.call('EXPIRE', KEYS[2], ARGV[4]) end
if ARGV[6] ~= '' then redis.call('PUBLISH', ARGV[5], ARGV[6]) end
return length
"""
# KEYS: fence, text. ARGV: new fence, seconds. Raises the fence, never lowers it; returns the text.
_SEAL = """
local held = redis.call('GET', KEYS[1])
if not held or tonumber(held) < tonumber(ARGV[1]) then
  redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
end
return redis.call('GET', KEYS[2])
"""


@dataclass(frozen=True, slots=True)
class Frame:
    """New text of one Run; `offset` is where it starts, in code points."""

    run_id: UUID
    topic: str
    fence: int
    offset: int
    text: str

    def message(self) -> dict[str, object]:
        return {
            "type": "run.frame",
            "run": str(self.run_id),
            "fence": self.fence,
            "offset": self.offset,
            "text": self.text,
        }


def fence_key(run_id: UUID) -> str:
    return f"run:{run_id}:fence"


def text_key(run_id: UUID, fence: int) -> str:
    return f"run:{run_id}:text:{fence}"


def seal(run_id: UUID, fence: int) -> str:
    """Refuse all writes under `fence` from now on, and return the text that it wrote.

    Blocking. Raises `redis.RedisError`.
    """
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=5) as client:
        script = client.register_script(_SEAL)
        raw = script([fence_key(run_id), text_key(run_id, fence)], [fence + 1, KEPT_SECONDS])
    return raw.decode() if isinstance(raw, bytes) else ""


class Buffer:
    """The buffer's commands on one asyncio loop."""

    def __init__(self, redis: Redis | None = None) -> None:
        self.redis: Redis = redis or Redis.from_url(
            settings.REDIS_URL, socket_timeout=5, socket_connect_timeout=2
        )
        self._append = self.redis.register_script(_APPEND)

    def pipeline(self) -> Pipeline:
        return self.redis.pipeline(transaction=False)

    async def append(self, pipe: Pipeline, frame: Frame, known_bytes: int) -> None:
        """Queue `frame` on `pipe`; its answer is the new length in bytes, or a refusal."""
        await self._append(
            keys=[fence_key(frame.run_id), text_key(frame.run_id, frame.fence)],
            args=[
                frame.fence,
                known_bytes,
                frame.text.encode(),
                KEPT_SECONDS,
                group_channel(frame.topic),
                encoded(frame.message()),
            ],
            client=pipe,
        )

    async def rebuild(self, run_id: UUID, fence: int, text: str) -> None:
        """Write the whole text anew, after Redis lost it."""
        await self.redis.delete(text_key(run_id, fence))
        await self._append(
            keys=[fence_key(run_id), text_key(run_id, fence)],
            args=[fence, 0, text.encode(), KEPT_SECONDS, "", ""],
        )

    async def read(self, run_id: UUID, fence: int) -> str:
        """Return the text written under `fence`, or the empty string."""
        raw = await self.redis.get(text_key(run_id, fence))
        return raw.decode() if isinstance(raw, bytes) else ""

    async def close(self) -> None:
        await self.redis.aclose()
