"""A worker watches itself: it says that it lives, and ends when it has gone deaf.

After Redis was away, a worker may stay connected and yet receive nothing. So each worker sends
itself a task, a canary, through a queue of its own that is read together with the others. When
none came back for a while although Redis answers and the worker has room, it ends and whoever
supervises it starts a new one.
"""

import os
import signal
import threading
import time
from typing import Any

import redis
import structlog
from celery import Celery
from celery.beat import EmbeddedService
from celery.utils.nodenames import worker_direct
from celery.worker import state

from ops import alive
from ops.health import WORKERS_KEY, redis_client

CANARY_SECONDS = 5.0
DEAF_SECONDS = 30.0
LAST_RESORT_SECONDS = 15.0

log = structlog.get_logger(__name__)
_heard = time.monotonic()
_watch: "WorkerWatch | None" = None


def note_canary() -> None:
    """Note that a canary arrived in this process."""
    global _heard
    _heard = time.monotonic()


def start(sender: Any, **_: Any) -> None:
    """Begin when the worker is ready; with `BEAT_IN_WORKER` the clock runs here too."""
    global _watch
    note_canary()
    _watch = WorkerWatch(sender.app, sender.hostname, sender.controller.concurrency)
    _watch.start()


def stop(**_: Any) -> None:
    """End with the worker."""
    if _watch:
        _watch.ended.set()
        if _watch.clock:
            _watch.clock.stop()


class WorkerWatch(threading.Thread):
    """The thread that sends canaries and counts the silence."""

    def __init__(self, app: Celery, hostname: str, concurrency: int) -> None:
        super().__init__(name="worker-watch", daemon=True)
        self.app, self.hostname, self.concurrency = app, hostname, concurrency
        self.ended = threading.Event()
        self.clock = EmbeddedService(app, thread=True) if os.environ.get("BEAT_IN_WORKER") else None

    def run(self) -> None:
        if self.clock:
            self.clock.start()
        pause = 0.0
        while not self.ended.wait(pause):
            pause = CANARY_SECONDS
            if reason := self.ailment():
                log.critical("worker_ends_itself", reason=reason)
                self.end_worker()
                return

    def ailment(self) -> str:
        """Do one round; return why the worker must be started anew, empty when it is well."""
        if self.clock and not self.clock.is_alive():
            return "the clock has stopped"
        try:
            redis_client().zadd(WORKERS_KEY, {self.hostname: time.time()})
        except redis.RedisError:
            note_canary()  # nothing can be heard now; count again once Redis is back
            return ""
        if len(state.reserved_requests) >= self.concurrency:
            note_canary()  # busy, not deaf
        self._send()
        silent = time.monotonic() - _heard
        if silent > DEAF_SECONDS:
            return f"no task arrived for {silent:.0f} s"
        alive.touch()
        return ""

    def _send(self) -> None:
        try:
            self.app.send_task(
                "ops.canary",
                queue=worker_direct(self.hostname),
                expires=DEAF_SECONDS,
                retry=False,
            )
        except Exception as error:
            log.warning("canary_not_sent", error=str(error))

    def end_worker(self) -> None:
        """Ask the worker to end in good order; end it the hard way when it does not."""
        os.kill(os.getpid(), signal.SIGTERM)
        if not self.ended.wait(LAST_RESORT_SECONDS):
            os._exit(70)
