"""What a process hears of its sockets' topics: one subscription for all of them.

Messages are those of the channel layer (its channels, its serialisation). Here they wait in no
queue: a listener notes at once what it hears, so that a slow reader costs no memory.
"""

import asyncio
import logging
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import redis
from channels.layers import get_channel_layer
from django.conf import settings
from redis.asyncio import Redis

from runs.hints import group_channel

logger = logging.getLogger(__name__)

PATIENCE = 5.0  # seconds for Redis to confirm
HEALTH_SECONDS = 15  # between two looks whether the connection still stands
PAUSE = 0.5  # seconds between two attempts to hear again


class Listener(Protocol):
    def hear(self, message: dict[str, Any]) -> None:
        """Note a message; it must not block."""

    def missed(self) -> None:
        """Note that messages may have been lost."""


class Hub:
    """The listeners of one event loop, by the channel they listen to."""

    def __init__(self) -> None:
        self._pubsub = Redis.from_url(
            settings.REDIS_URL, socket_connect_timeout=2, health_check_interval=HEALTH_SECONDS
        ).pubsub()
        self._listeners: dict[str, set[Listener]] = {}
        self._confirmed: dict[str, asyncio.Future[None]] = {}
        self._changing = asyncio.Lock()
        self._listening: asyncio.Task[None] | None = None

    async def join(self, group: str, listener: Listener) -> None:
        """Let `listener` hear what is published to `group` from now on.

        Raises `redis.RedisError` where that cannot be promised.
        """
        try:
            async with asyncio.timeout(PATIENCE):
                await self._join(group_channel(group), listener)
        except TimeoutError:  # an OSError, as which it would mean that the client has left
            raise redis.TimeoutError(f"no word from redis on {group}") from None

    async def _join(self, channel: str, listener: Listener) -> None:
        async with self._changing:
            if self._listening is None:
                # Without any subscription redis-py looks after a connection by reading from
                # it, in the listener's way: one is never given up.
                await self._pubsub.subscribe(group_channel("hub"))
                self._listening = asyncio.create_task(self._listen())
            if channel not in self._confirmed:
                # Before it is asked for: the answer may be heard first.
                self._confirmed[channel] = asyncio.get_running_loop().create_future()
                try:
                    await self._pubsub.subscribe(channel)
                except BaseException:
                    del self._confirmed[channel]
                    raise
            self._listeners.setdefault(channel, set()).add(listener)
            confirmed = self._confirmed[channel]
        await asyncio.shield(confirmed)

    async def leave(self, group: str, listener: Listener) -> None:
        channel = group_channel(group)
        async with self._changing:
            listeners = self._listeners.get(channel, set())
            listeners.discard(listener)
            if listeners or channel not in self._confirmed:
                return
            del self._listeners[channel], self._confirmed[channel]
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._pubsub.unsubscribe(channel)
            except (redis.RedisError, OSError):
                logger.info("no redis to leave %s", group)

    async def _listen(self) -> None:
        layer = get_channel_layer()
        while True:
            try:
                message = await self._pubsub.get_message(timeout=HEALTH_SECONDS)
                if message is not None:
                    self._tell(layer, message)
            except (redis.RedisError, OSError):
                await asyncio.sleep(PAUSE)  # redis-py connects and subscribes anew
            except Exception:
                logger.exception("a message could not be passed on")

    def _tell(self, layer: Any, message: dict[str, Any]) -> None:
        channel = message["channel"].decode()
        listeners = self._listeners.get(channel, ())
        if message["type"] == "message":
            told = layer.deserialize(message["data"])
            for listener in list(listeners):
                listener.hear(told)
        elif message["type"] == "subscribe" and channel in self._confirmed:
            if not self._confirmed[channel].done():
                self._confirmed[channel].set_result(None)
            else:  # subscribed anew: the connection had been lost
                for listener in list(listeners):
                    listener.missed()


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """Return the running loop's hub."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
    return _hubs[loop]
