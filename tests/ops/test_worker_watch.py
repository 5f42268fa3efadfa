"""A worker that has gone deaf ends; one that is busy, or whose Redis is away, does not."""

import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
import redis
from celery import current_app
from celery.worker import state

from ops import worker_watch
from ops.health import WORKERS_KEY, redis_client
from ops.worker_watch import DEAF_SECONDS, WorkerWatch
from tests.ops.house import ROOT, until


@pytest.fixture
def watch(monkeypatch) -> WorkerWatch:
    """A watch whose canaries go nowhere, in a worker that last heard one long ago."""
    monkeypatch.setattr(worker_watch, "_heard", time.monotonic() - DEAF_SECONDS - 1)
    watch = WorkerWatch(current_app, "celery@test", concurrency=2)
    monkeypatch.setattr(watch, "_send", lambda: None)
    return watch


def test_deaf(watch: WorkerWatch):
    assert "no task arrived for 31 s" in watch.ailment()


def test_a_canary_shows_that_it_hears(watch: WorkerWatch):
    worker_watch.note_canary()
    assert watch.ailment() == ""


def test_busy_is_not_deaf(watch: WorkerWatch, monkeypatch):
    monkeypatch.setattr(state, "reserved_requests", {1, 2})
    assert watch.ailment() == ""


def test_without_redis_there_is_nothing_to_hear(watch: WorkerWatch, monkeypatch):
    def away(*_: object) -> None:
        raise redis.ConnectionError("away")

    monkeypatch.setattr(worker_watch, "redis_client", lambda: SimpleNamespace(zadd=away))
    assert watch.ailment() == ""
    monkeypatch.setattr(worker_watch, "redis_client", redis_client)
    watch = WorkerWatch(current_app, "celery@test", concurrency=2)
    assert watch.ailment() == ""  # the count starts again once Redis is back


def test_a_dead_clock_is_noticed(watch: WorkerWatch):
    worker_watch.note_canary()
    watch.clock = SimpleNamespace(is_alive=lambda: False)
    assert watch.ailment() == "the clock has stopped"


WORKER = """
from ops import worker_watch
worker_watch.CANARY_SECONDS, worker_watch.DEAF_SECONDS = 0.2, {deaf}
from config.worker import main
main()
"""


@pytest.fixture
def worker(request):
    """A real worker on the tests' own servers, quick to lose patience."""
    source = WORKER.format(deaf=request.param)
    redis_client().delete(WORKERS_KEY)
    process = subprocess.Popen([sys.executable, "-c", source], cwd=ROOT)
    until(lambda: redis_client().zcard(WORKERS_KEY), "a worker")
    yield process
    process.terminate()
    process.wait(40)


@pytest.mark.parametrize("worker", [3.0], indirect=True)
def test_a_worker_hears_again_after_everything_in_redis_is_lost(worker: subprocess.Popen):
    redis_client().flushall()
    time.sleep(4.5)  # longer than its patience: it would have ended
    assert worker.poll() is None
    assert redis_client().zcard(WORKERS_KEY) == 1


@pytest.mark.parametrize("worker", [2.0], indirect=True)
def test_a_deaf_worker_ends_itself(worker: subprocess.Popen):
    (name,) = redis_client().zrange(WORKERS_KEY, 0, -1)
    direct = f"{name.decode()}.dq2"
    control = current_app.control  # a worker that just started may not hear the first word
    deafened = lambda: control.cancel_consumer(direct, destination=[name.decode()], reply=True)  # noqa: E731
    until(deafened, "an answer of the worker")
    assert worker.wait(40) == 0
