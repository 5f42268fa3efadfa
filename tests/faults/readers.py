"""Those who read along: sockets as a page opens them, and a subscriber to the frames themselves."""

import asyncio
import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

import redis
from channels.layers import get_channel_layer
from django.conf import settings
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.faults.page import Page


class Reader:
    """One open conversation: connects anew whenever its socket ends, as the page does."""

    def __init__(
        self, origin: str, path: str, cookie: str, cut: Callable[[], int | None] = lambda: None
    ) -> None:
        self.origin = origin
        self.url = f"{origin.replace('http', 'ws', 1)}{path}?since={time.time() - 60}"
        self.cookie = cookie
        self.cut = cut  # after how many messages to break the next connection off
        self.page = Page()
        self.log: list[str] = []
        self.closes: list[int | None] = []
        self.cuts = 0
        self.failure: BaseException | None = None

    async def read(self) -> None:
        while True:
            try:
                async with connect(
                    self.url,
                    origin=self.origin,
                    additional_headers={"Cookie": self.cookie},
                    compression=None,
                    ping_interval=None,
                ) as socket:
                    await self._follow(socket)
            except ConnectionClosed:
                pass
            except (OSError, InvalidHandshake, TimeoutError):
                self.closes.append(None)
            except asyncio.CancelledError:
                raise
            except BaseException as error:
                self.failure = error
                raise
            await asyncio.sleep(0.1)

    async def _follow(self, socket: ClientConnection) -> None:
        left = self.cut()
        try:
            async for message in socket:
                self.log.append(message)
                self.page.apply(json.loads(message))
                if left is not None:
                    left -= 1
                    if left <= 0:
                        self.cuts += 1
                        socket.transport.abort()
                        return
        finally:
            self.closes.append(socket.close_code)


class Readers:
    """A loop in a thread on which all readers of a test read."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name="readers", daemon=True)
        self.thread.start()
        self.readers: list[Reader] = []
        self.reading: dict[Reader, Future] = {}

    def open(self, reader: Reader) -> Reader:
        self.readers.append(reader)
        self.reading[reader] = self.call(reader.read())
        return reader

    def close_one(self, reader: Reader) -> None:
        self.readers.remove(reader)
        self.reading.pop(reader).cancel()

    def call(self, coroutine: Any) -> Future:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.wait([*others, asyncio.ensure_future(asyncio.sleep(0))], timeout=15)

    def close(self) -> None:
        self.call(self._end()).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


class Overheard:
    """The source text of every frame that was published: what readers may have been shown."""

    def __init__(self, redis_url: str) -> None:
        self.redis_url = redis_url
        self.texts: dict[str, str] = defaultdict(str)
        self.fences: dict[str, int] = defaultdict(int)
        self.wrongs: list[str] = []
        self.frames = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._listen, name="overheard", daemon=True)

    def _listen(self) -> None:
        while not self.ended.is_set():
            try:
                with redis.Redis.from_url(self.redis_url) as client, client.pubsub() as listener:
                    listener.psubscribe(f"{settings.CHANNEL_PREFIX}__group__*")
                    while not self.ended.is_set():
                        message = listener.get_message(ignore_subscribe_messages=True, timeout=0.2)
                        if message is not None:
                            self._note(get_channel_layer().deserialize(message["data"]))
            except (redis.RedisError, OSError):
                time.sleep(0.05)

    def _note(self, message: dict[str, Any]) -> None:
        if message["type"] != "run.frame":
            return
        self.frames += 1
        run, fence, offset, text = (message[k] for k in ("run", "fence", "offset", "text"))
        if fence < self.fences[run]:
            self.wrongs.append(f"run {run}: a frame of fence {fence} after {self.fences[run]}")
            return
        self.fences[run] = fence
        known = self.texts[run]
        both = min(len(known), offset + len(text))
        if offset < len(known) and known[offset:both] != text[: both - offset]:
            self.wrongs.append(f"run {run}: two texts at {offset}")
        if offset <= len(known) < offset + len(text):
            self.texts[run] = known[:offset] + text


@contextmanager
def overhearing(redis_url: str) -> Iterator[Overheard]:
    overheard = Overheard(redis_url)
    overheard.thread.start()
    try:
        yield overheard
    finally:
        overheard.ended.set()
        overheard.thread.join()
