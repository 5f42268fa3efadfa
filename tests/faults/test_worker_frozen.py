"""A worker is stopped past its lease and goes on: it lost its Runs and can write nothing more."""

import signal
import time

import pytest

from runs.buffer import fence_key, text_key
from runs.models import Run
from runs.states import State
from tests.faults.house import LEASE_SECONDS
from usage.models import UsageRecord


@pytest.fixture
def frozen(scene):
    """Six answers, some of which showed text, on a worker that is frozen; the other one lives."""
    house = scene.house
    house.kill("w2")
    for model in ("fake-d50-n200",) * 3 + ("fake-t5000-d5-n20",) * 3:
        scene.watch(scene.ask(model))
    texts = Run.objects.filter(pk__in=[run.pk for run in scene.runs[:3]], first_text_at=None)
    claimed = Run.objects.filter(pk__in=[run.pk for run in scene.runs], state=State.RUNNING)
    scene.until(lambda: not texts.exists() and claimed.count() == 6)
    time.sleep(0.7)
    house.freeze("w1")
    try:
        house.start("w2")
        yield [Run.objects.get(pk=run.pk) for run in scene.runs]
    finally:
        house.thaw("w1")


def test_late_writes_are_refused_in_postgres_and_redis(scene, frozen):
    house = scene.house
    ended = scene.finals(seconds=30)
    assert [run.state for run in ended[:3]] == [State.INTERRUPTED] * 3
    assert [(run.state, run.fence) for run in ended[3:]] == [(State.DONE, 2)] * 3
    before = seen(scene, ended)
    assert [house.redis.get(fence_key(run.pk)) for run in frozen] == [b"2"] * 6
    house.thaw("w1")
    time.sleep(LEASE_SECONDS)
    assert seen(scene, ended) == before
    assert not scene.overheard.wrongs
    # The thawed worker lives and works.
    house.kill("w2", signal.SIGTERM)
    again = scene.ask("fake-n5").answer.run
    assert scene.finals([again])[0].worker.endswith(f":{house.pid('w1')}")


def seen(scene, runs: list[Run]) -> list:
    """Return all that a late write could have changed."""
    rows = Run.objects.filter(pk__in=[run.pk for run in runs]).order_by("pk")
    keys = [text_key(run.pk, 1) for run in runs]
    ledger = UsageRecord.objects.filter(account=runs[0].account).order_by("pk")
    return [
        list(rows.values("pk", "state", "fence", "message__text", "worker", "finished_at")),
        scene.house.redis.mget(keys),
        list(ledger.values("pk", "state", "output_tokens", "ended_at")),
        dict(scene.overheard.texts),
    ]
