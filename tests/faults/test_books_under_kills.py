"""Processes are killed over and over while answers stream; then the books are added up.

What the ledger says was reported is what the provider's own log says, no estimate exceeds its
hold, and limits and hourly sums are the ledger's.
"""

import datetime as dt
import signal
import time

import pytest
from django.db.models.functions import Now

from providers.models import ModelSpec
from runs.states import FINAL
from tests.faults import books
from tests.faults.scene import WIDE
from tests.faults.test_postgres import crash
from usage.actions import release_expired_holds
from usage.limits import set_limits
from usage.models import HourlyUsage, RolledUp, UsageRecord
from usage.rollups import HOUR, roll_up

AT_ONCE = 8
PACES = ["t0-d5-n20", "t50-d10-n60", "t400-d20-n40", "t0-d40-n80", "t1500-d5-n10", "t0-d50-n120"]
MODELS = [
    *(f"fake-{pace}" for pace in PACES * 3),
    "fake-d20-n40-nousage",
    "fake-d20-n30-cut20",
    "fake-t100-n5-e500",
]
VICTIMS = [["w1"], ["w2"], ["w1", "w2"], ["w1", "w2"], ["web"], ["valkey"], ["postgres"]]
WEIGHTS = [4, 4, 4, 4, 1, 1, 1]
LONGEST_TITLE = dt.timedelta(seconds=4)


@pytest.fixture
def _sums_of_now(monkeypatch):
    """Hours are added up before they are over, and that is forgotten again."""
    monkeypatch.setattr("usage.rollups.SETTLING", -HOUR)
    yield
    HourlyUsage.objects.all().delete()
    RolledUp.objects.all().delete()


def test_the_books_after_many_kills(scene, chance, times, _sums_of_now):
    killed, goal = 0, times(4, 100)
    titled = [scene.model(name).pk for name in MODELS[:3]]  # titles are calls that no Run closes
    ModelSpec.objects.filter(pk__in=titled).update(makes_titles=True)
    while killed < goal:
        exchanges = [scene.ask(chance.choice(MODELS)) for _ in range(AT_ONCE)]
        for exchange in exchanges[:2]:
            scene.watch(exchange)
        time.sleep(chance.uniform(0.1, 2))
        (victims,) = chance.choices(VICTIMS, WEIGHTS)
        for name in victims:
            end(scene, name)
        killed += len(victims)
        scene.house.ensure()
        runs = scene.finals([exchange.answer.run for exchange in exchanges], seconds=60)
        states = [run.state for run in runs]
        print(f"killed {victims}: final after {scene.took:.1f} s, {states}")
        assert set(states) <= set(FINAL)
    give_back_what_the_dead_held(scene)
    check_books(scene)


def end(scene, name: str) -> None:
    if name == "postgres":
        crash(scene, pause=0)
    else:
        scene.house.kill(name, signal.SIGKILL)


def give_back_what_the_dead_held(scene) -> None:
    """Let the leases of titles run out whose worker was killed."""
    held = UsageRecord.objects.filter(state=UsageRecord.State.HELD)
    scene.until(lambda: not held.filter(created_at__gt=Now() - LONGEST_TITLE).exists(), 30)
    assert not held.filter(attempt__isnull=False).exists(), "those of Runs are closed with them"
    dead = held.update(lease_expires_at=Now() - dt.timedelta(seconds=1))
    assert release_expired_holds() == dead
    print(f"{dead} holds of titles given back")


def check_books(scene) -> None:
    calls = books.calls_of(scene.house.fake_url)
    rows = UsageRecord.objects.filter(deployment__provider=scene.provider)
    assert rows.count() >= len(calls) > 0
    print(f"{rows.filter(outcome='worker_lost').count()} calls of {len(calls)} cut by a kill")
    books.check_sums(rows, calls)
    books.check_limits(scene.limits())
    for limit in scene.limits():
        assert (limit.open_calls, limit.held) == (0, 0)
    check_hours(scene)


def check_hours(scene) -> None:
    """The hourly sums are the ledger's, and a limit that begins with them knows as much."""
    assert roll_up() > 0
    rows = UsageRecord.objects.filter(deployment__provider=scene.provider)
    hours = HourlyUsage.objects.filter(deployment__provider=scene.provider)
    assert books.sums_of_hours(hours) == books.sums_of_rows(rows)
    before = {limit.subject: limit.total_spent for limit in scene.limits()}
    assert len(before) > 2
    scene.limits().delete()
    for subject, spent in before.items():
        assert set_limits(subject, **WIDE).total_spent == spent
    books.check_limits(scene.limits())
