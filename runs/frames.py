"""Frames: the pending text of a process's streams, sent to Redis in rounds."""

import asyncio
import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

import redis

from runs.buffer import FENCED, NEEDS_ALL, Buffer, Frame

if TYPE_CHECKING:
    from runs.stream import Stream

logger = logging.getLogger(__name__)

TICK = 0.02


def frame_interval(streams: int) -> float:
    """Return the seconds between two frames of one stream when so many stream."""
    return min(0.2, max(0.05, 0.001 * streams))


class Framer:
    """Sends each stream's new text every 50 ms, and up to 200 ms when many stream.

    A stream's first text goes at once. While Redis is away the text waits in the stream (and
    is checkpointed in Postgres all the same); a buffer that Redis lost is written anew.
    """

    def __init__(self, buffer: Buffer) -> None:
        self.buffer = buffer
        self.streaming = 0
        self._dirty: set[Stream] = set()
        self._wake = asyncio.Event()

    def note(self, stream: "Stream") -> None:
        """Say that `stream` has new text."""
        if not self._dirty:
            self._wake.set()
        self._dirty.add(stream)

    def forget(self, stream: "Stream") -> None:
        self._dirty.discard(stream)

    async def run(self) -> None:
        """Send frames until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await self._wake.wait()
            now = loop.time()
            due = [stream for stream in self._dirty if stream.flush_due <= now]
            if due:
                interval = frame_interval(self.streaming)
                for stream in due:
                    stream.flush_due = now + interval
                try:
                    await self.send(due)
                except Exception:
                    logger.exception("a round of frames failed; the rows have the text")
            if not self._dirty:
                self._wake.clear()
            else:
                await asyncio.sleep(TICK)

    async def send(self, streams: Iterable["Stream"]) -> None:
        """Append the pending text of `streams` to their buffers and publish it, in one round."""
        sent = [(stream, stream.take_frame()) for stream in streams if stream.may_send()]
        if not sent:
            return
        answers: list[object] | None = None
        try:
            pipe = self.buffer.pipeline()
            for stream, frame in sent:
                await self.buffer.append(pipe, frame, stream.sent_bytes)
            answers = await pipe.execute(raise_on_error=False)
        except (redis.RedisError, OSError):
            logger.warning("redis is away; %d streams keep their text", len(sent))
        finally:
            if answers is None:
                for stream, frame in sent:
                    stream.frame_refused(frame)
        if answers is None:
            await asyncio.sleep(0.2)
            return
        for (stream, frame), answer in zip(sent, answers, strict=True):
            await self._answered(stream, frame, answer)

    async def _answered(self, stream: "Stream", frame: Frame, answer: object) -> None:
        if answer == FENCED:
            self.forget(stream)
            stream.lost()
        elif answer == NEEDS_ALL or isinstance(answer, Exception):
            stream.frame_refused(frame)
            await self._rebuild(stream)
        else:
            stream.frame_written(frame)
            if not stream.pending:
                self.forget(stream)

    async def _rebuild(self, stream: "Stream") -> None:
        """Give Redis the whole text; readers see the gap at the next frame and read it."""
        try:
            await self.buffer.rebuild(stream.run.pk, stream.run.fence, stream.sent_text())
            stream.sent_bytes = len(stream.sent_text().encode())
        except (redis.RedisError, OSError):
            logger.warning("redis is away; the buffer of run %s waits", stream.run.pk)
