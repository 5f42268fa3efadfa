"""SIGTERM: no new claims, streams finish or are handed over, the process ends by itself."""

import signal
import time

from runs.models import Run
from runs.states import State
from tests.faults.house import DRAIN_SECONDS


def test_a_worker_drains(scene):
    house = scene.house
    house.kill("w2", signal.SIGTERM)
    short = [scene.ask("fake-d20-n60").answer.run for _ in range(3)]
    long = [scene.ask("fake-d50-n400").answer.run for _ in range(3)]
    silent = [scene.ask("fake-t7000-n5").answer.run for _ in range(2)]
    everybody = [*short, *long, *silent]
    claimed = Run.objects.filter(pk__in=[r.pk for r in everybody], state=State.RUNNING)
    shown = Run.objects.filter(pk__in=[r.pk for r in short + long], first_text_at__isnull=False)
    scene.until(lambda: claimed.count() == 8 and shown.count() == 6)
    begun = time.monotonic()
    house.processes["w1"].send_signal(signal.SIGTERM)
    time.sleep(0.5)
    late = scene.ask("fake-n5").answer.run
    house.processes["w1"].wait(DRAIN_SECONDS + 15)
    print(f"drained in {time.monotonic() - begun:.1f} s, exit {house.processes['w1'].returncode}")
    assert house.processes["w1"].returncode == 0
    states = lambda runs: [Run.objects.get(pk=r.pk).state for r in runs]  # noqa: E731
    assert states(short) == [State.DONE] * 3
    assert states(long) == [State.INTERRUPTED] * 3
    assert states(silent) == [State.QUEUED] * 2
    assert states([late]) == [State.QUEUED]
    house.ensure()
    assert {r.state for r in scene.finals([*silent, late])} == {State.DONE}
