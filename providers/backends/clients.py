"""Open clients: one for each provider's credential and event loop, kept for the next call."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

import httpx2
from openai import AsyncOpenAI

from boundary.egress import transport
from boundary.egress.addresses import Rules
from providers.key_header import key_header

_SENT = {
    "accept",
    "accept-encoding",
    "connection",
    "content-length",
    "content-type",
    "host",
    "user-agent",
    "x-client-request-id",
}


@dataclass(frozen=True, slots=True)
class Target:
    """Where a provider is called and with which key."""

    provider_id: UUID
    base_url: str
    secret: str = field(repr=False)
    allow_private: bool
    kind: str = "openai"
    credential_id: UUID | None = None

    @property
    def place(self) -> tuple[UUID, UUID | None]:
        """What one client is kept for: a provider's keys take turns."""
        return self.provider_id, self.credential_id


@dataclass(slots=True)
class _Open:
    target: Target
    client: AsyncOpenAI
    users: int = 0
    used_at: float = 0.0  # by the loop's clock
    retired: bool = False


CONNECT_SECONDS = 10.0
_UNUSED_SECONDS = 600.0  # after which the client of a key that was rotated out is closed
_open: dict[asyncio.AbstractEventLoop, dict[tuple[UUID, UUID | None], _Open]] = {}
_closing: set[asyncio.Task[None]] = set()


@contextmanager
def borrowed(target: Target) -> Iterator[AsyncOpenAI]:
    """Lend the running loop's client for `target`.

    After the address or the key changed, a new client takes the old one's place; the old one is
    closed when its last call has ended.
    """
    opened = _of_this_loop()
    now = asyncio.get_running_loop().time()
    held = opened.get(target.place)
    if held is None or held.target != target:
        if held is not None:
            _retire(held)
        for each in [each for each in opened.values() if each.used_at < now - _UNUSED_SECONDS]:
            _retire(opened.pop(each.target.place))
        held = opened[target.place] = _Open(target, _client(target))
    held.users += 1
    held.used_at = now
    try:
        yield held.client
    finally:
        held.users -= 1
        _close_if_unused(held)


async def close_clients() -> None:
    """Close all clients of the running loop: at the end of a process or a test."""
    for held in _open.pop(asyncio.get_running_loop(), {}).values():
        await held.client.close()
    while _closing:
        await asyncio.gather(*_closing)


def _of_this_loop() -> dict[tuple[UUID, UUID | None], _Open]:
    loop = asyncio.get_running_loop()
    if loop not in _open:
        for closed in [each for each in _open if each.is_closed()]:
            del _open[closed]
        _open[loop] = {}
    return _open[loop]


def _retire(held: _Open) -> None:
    held.retired = True
    _close_if_unused(held)


def _close_if_unused(held: _Open) -> None:
    if held.retired and not held.users:
        task = asyncio.get_running_loop().create_task(held.client.close())
        _closing.add(task)
        task.add_done_callback(_closing.discard)


def _client(target: Target) -> AsyncOpenAI:
    rules = Rules(allow_private=target.allow_private)
    client = transport.client(target.base_url, rules, connect_seconds=CONNECT_SECONDS)
    client.event_hooks = {"request": [_only_ours(target)]}
    # The SDK insists on a key and knows one header for it: `_only_ours` sends the real one.
    return AsyncOpenAI(
        api_key="none",
        base_url=target.base_url,
        http_client=client,
        max_retries=0,
        timeout=None,
    )


def _only_ours(target: Target) -> Callable[[httpx2.Request], Awaitable[None]]:
    """Drop what the SDK adds of its own or from the environment: platform, organisation, project.

    The environment's values belong to OpenAI's origin, not to every provider's. The key goes into
    the header that the provider's kind wants, and into no other.
    """
    ours = {"user-agent": "causerie", **key_header(target.kind, target.secret)}

    async def keep_ours(request: httpx2.Request) -> None:
        for name in set(request.headers) - _SENT:
            del request.headers[name]
        request.headers.update(ours)

    return keep_ours
