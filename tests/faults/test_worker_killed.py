"""A worker dies in the middle of answers; another one, or its successor, brings them to an end."""

import signal
import time

import pytest

from runs.models import Run
from runs.states import State
from tests.faults.conftest import FULL
from tests.faults.house import LEASE_SECONDS, WORKERS, House

AT_ONCE = 10
LEASES = [LEASE_SECONDS, 10.0] if FULL else [LEASE_SECONDS]  # 10 s is the product's own


def test_sigkill_at_random_points(scene, chance, times):
    """Ten answers at ten points of their way each time workers are killed."""
    house, goal, hit = scene.house, times(15, 100), 0
    while hit < goal:
        runs = []
        for _ in range(AT_ONCE):
            first, pause = chance.choice([0, 0, 50, 400, 1500]), chance.randint(5, 60)
            exchange = scene.ask(f"fake-t{first}-d{pause}-n{chance.randint(5, 120)}")
            scene.watch(exchange)
            runs.append(exchange.answer.run)
        time.sleep(chance.uniform(0, 2.5))
        victims = chance.choice([["w1"], ["w2"], ["w1", "w2"]])
        before = running(runs, [house.pid(name) for name in victims])
        killed_at = time.monotonic()
        for name in victims:
            house.kill(name, signal.SIGKILL)
        hit += len(before & running(runs))
        house.ensure()
        ended = scene.finals(runs, since=killed_at)
        states = [run.state for run in ended]
        print(f"killed {victims} under {len(before)}: final after {scene.took:.1f} s, {states}")
        assert set(states) <= {State.DONE, State.INTERRUPTED}
    print(f"{hit} answers hit")


@pytest.mark.parametrize("lease", LEASES)
def test_both_workers_killed_under_a_lease(scene, lease):
    house = scene.house
    try:
        house.environment["RUN_LEASE_SECONDS"] = str(lease)
        restart_workers(house)
        shown = [scene.ask("fake-d50-n300").answer.run for _ in range(5)]
        silent = [scene.ask("fake-t5000-n5").answer.run for _ in range(3)]
        scene.until(lambda: texts_of(shown) == 5 and len(running(silent)) == 3)
        killed_at = time.monotonic()
        restart_workers(house)
        assert {r.state for r in scene.finals(shown, since=killed_at)} == {State.INTERRUPTED}
        print(f"lease of {lease} s: final after {scene.took:.1f} s")
        assert {r.state for r in scene.finals(silent)} == {State.DONE}
    finally:
        house.environment["RUN_LEASE_SECONDS"] = str(LEASE_SECONDS)
        if lease != LEASE_SECONDS:
            restart_workers(house)


def restart_workers(house: House) -> None:
    for name in WORKERS:
        house.kill(name, signal.SIGKILL)
    house.ensure()


def texts_of(runs: list[Run]) -> int:
    return Run.objects.filter(pk__in=[r.pk for r in runs], first_text_at__isnull=False).count()


def running(runs: list[Run], pids: list[int] = ()) -> set:
    """Return the Runs that are being written, by these processes where any are named."""
    rows = Run.objects.filter(pk__in=[run.pk for run in runs], state=State.RUNNING)
    owners = {f":{pid}" for pid in pids}
    return {r.pk for r in rows if not pids or any(r.worker.endswith(o) for o in owners)}
