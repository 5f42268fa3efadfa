"""The engine: one asyncio loop a worker process, on which all its Runs stream.

Celery's threads only hand Runs over. On the loop run the streams, the framer (text to Redis) and
the checkpoints (text, lease and wishes to stop, by one statement for all streams).
"""

import asyncio
import logging
import os
import socket
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

import uvloop
from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections

from runs import claims
from runs.buffer import Buffer
from runs.checkpoints import Checkpoint, mark_first_text, withdrawn_runs, write_checkpoints
from runs.frames import Framer
from runs.stream import Reason, Stream
from usage.metered import close_connections

logger = logging.getLogger(__name__)
T = TypeVar("T")

CHECKPOINT_EVERY = 0.5
DATABASE_THREADS = 4
DATABASE_PATIENCE = 60.0


class Engine:
    """All streams of one worker process."""

    def __init__(self) -> None:
        self.worker = f"{socket.gethostname()}:{os.getpid()}"
        self.streams: dict[UUID, Stream] = {}
        self.draining = False
        self._backlog = False
        self._rights_version: int | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._beside: set[asyncio.Task[Any]] = set()
        self._first: list[tuple[Stream, asyncio.Future[bool]]] = []
        self._marking: asyncio.Task[None] | None = None
        self._threads = ThreadPoolExecutor(DATABASE_THREADS, thread_name_prefix="runs-db")
        # Leases are renewed whatever the others wait for.
        self._heart = ThreadPoolExecutor(1, thread_name_prefix="runs-heart")
        self.loop = uvloop.new_event_loop()
        self.loop.set_default_executor(self._threads)
        ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=[ready], name="runs", daemon=True)
        self._thread.start()
        ready.wait()

    def _serve(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.create_task(self._live(ready))
        self.loop.run_forever()

    async def _live(self, ready: threading.Event) -> None:
        self.framer = Framer(Buffer())
        ready.set()
        await asyncio.gather(self.framer.run(), self._checkpoint_forever())

    # Called from Celery's threads

    def submit(self, run_id: UUID) -> None:
        """Take the Run, or leave it queued when this process is full or draining."""
        self.loop.call_soon_threadsafe(self._take, run_id)

    def start(self, work: Coroutine[Any, Any, None]) -> Future[None]:
        """Do `work` on the loop beside the streams; a drain cuts it off."""
        return asyncio.run_coroutine_threadsafe(self._beside_streams(work), self.loop)

    def drain(self, seconds: float) -> None:
        """Claim nothing more; let streams finish, then hand over or end what is left."""
        self.draining = True
        asyncio.run_coroutine_threadsafe(self._drain(seconds), self.loop).result()

    def close(self) -> None:
        """Stop the loop. Streams that are still open are left to the sweeper."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self._threads.shutdown()
        self._heart.shutdown()

    # On the loop

    async def db(
        self, call: Callable[..., T], *args: Any, threads: ThreadPoolExecutor | None = None
    ) -> T:
        """Run blocking database code in the engine's threads, waiting out a lost database."""
        threads = threads or self._threads
        give_up = self.loop.time() + DATABASE_PATIENCE
        wait = 0.05
        while True:
            try:
                return await self.loop.run_in_executor(threads, _in_thread, call, args)
            except (OperationalError, InterfaceError):
                if self.loop.time() + wait > give_up:
                    raise
                await asyncio.sleep(wait)
                wait = min(1.0, wait * 2)

    async def _beside_streams(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)
        await task

    def _take(self, run_id: UUID | None) -> None:
        if self.draining:
            return
        if len(self._tasks) >= settings.RUN_STREAMS_PER_WORKER:
            self._backlog = True
            return
        task = self.loop.create_task(self._claim_and_execute(run_id))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.exception() is not None:
            logger.error("a run was left to the sweeper", exc_info=task.exception())
        if self._backlog:
            self._backlog = False
            self._take(None)

    async def _claim_and_execute(self, run_id: UUID | None) -> None:
        run = await self.db(claims.claim, run_id, self.worker)
        if run is None:
            return
        if run_id is None:
            self._backlog = True  # where one waited there may be more
        superseded = self.streams.get(run.pk)
        if superseded is not None:  # its lease ran out, and the Run came back to this very process
            superseded.lost()
        stream = self.streams[run.pk] = Stream(run, self)
        self.framer.streaming = len(self.streams)
        try:
            await stream.execute()
        finally:
            self._backlog = self._backlog or claims.leaves_a_slot(run.served_by)
            self.framer.forget(stream)
            if self.streams.get(run.pk) is stream:
                del self.streams[run.pk]
            self.framer.streaming = len(self.streams)

    def start_next(self) -> None:
        """Start whoever waited for a slot that became free before its stream's end."""
        self._take(None)

    async def mark_first_text(self, stream: Stream) -> bool:
        """Commit that `stream` shows text from now on; `False` when the Run was lost.

        Streams that ask while a statement is under way share the next one. It runs in a task of
        its own: a stream that is stopped meanwhile must not take the others' answer with it.
        """
        mine: asyncio.Future[bool] = self.loop.create_future()
        self._first.append((stream, mine))
        if self._marking is None or self._marking.done():
            self._marking = self.loop.create_task(self._mark_first_texts())
        return await mine

    async def _mark_first_texts(self) -> None:
        while self._first:
            batch, self._first = self._first, []
            batch = [(stream, future) for stream, future in batch if not future.done()]
            marks = [(stream.run.pk, stream.run.fence) for stream, _ in batch]
            outcome: set[UUID] | Exception
            try:
                outcome = await self.db(mark_first_text, marks)
            except Exception as error:
                outcome = error
            for stream, future in batch:
                if future.done():
                    continue
                if isinstance(outcome, Exception):
                    future.set_exception(outcome)
                else:
                    future.set_result(stream.run.pk in outcome)

    async def _checkpoint_forever(self) -> None:
        while True:
            await asyncio.sleep(CHECKPOINT_EVERY)
            if self.streams:
                try:
                    await self._checkpoint(list(self.streams.values()))
                except Exception:
                    logger.exception("a checkpoint failed; the next one writes the same")

    async def _checkpoint(self, streams: list[Stream]) -> None:
        begun = self.loop.time()
        lengths = {s: s.length for s in streams}
        rows = [
            Checkpoint(
                s.run.pk, s.run.fence, s.text() if s.length > s.checkpointed_length else None
            )
            for s in streams
        ]
        written = await self.db(write_checkpoints, rows, threads=self._heart)
        for stream in streams:
            if stream.run.pk not in written.kept:
                stream.lost()
                continue
            stream.checkpointed_length = lengths[stream]
            stream.lease_until = begun + settings.RUN_LEASE_SECONDS
            if written.kept[stream.run.pk]:
                stream.interrupt(Reason.STOP)
        await self._recheck_rights(written.rights_version)

    async def _recheck_rights(self, version: int | None) -> None:
        """Where a right was taken from anybody, end what is written by models withdrawn since.

        A stream whose model is still to be looked at counts too: it is among `streams` since its
        claim, and what was withdrawn before that look is found by it.
        """
        if version is None or version == self._rights_version:
            return
        streams = dict(self.streams)
        withdrawn = await self.db(withdrawn_runs, list(streams), threads=self._heart)
        self._rights_version = version
        for run_id in withdrawn:
            streams[run_id].interrupt(Reason.WITHDRAWN)

    async def _drain(self, seconds: float) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        for stream in list(self.streams.values()):
            stream.interrupt(Reason.DRAIN)
        for task in self._beside:
            task.cancel()
        if left := self._tasks | self._beside:
            await asyncio.wait(left, timeout=3)
        await close_connections()


def _in_thread(call: Callable[..., T], args: tuple[Any, ...]) -> T:
    close_old_connections()
    try:
        return call(*args)
    finally:
        close_old_connections()


_starting = threading.Lock()


@cache
def _engine() -> Engine:
    return Engine()


def engine() -> Engine:
    """Return this process's engine, started at its first use."""
    with _starting:
        return _engine()


def started_engine() -> Engine | None:
    """Return this process's engine where it was started."""
    return _engine() if _engine.cache_info().currsize else None
