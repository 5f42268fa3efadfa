"""Postgres crashes (an immediate shutdown) and recovers while answers are written."""

import signal
import time

from django.db import connection

from runs.models import Run
from runs.states import State


def test_an_immediate_restart_in_the_middle_of_answers(scene, chance, times):
    for _ in range(times(1, 5)):
        runs = []
        for _ in range(8):
            first = chance.choice([0, 100, 1000])
            exchange = scene.ask(
                f"fake-t{first}-d{chance.randint(10, 40)}-n{chance.randint(5, 120)}"
            )
            scene.watch(exchange)
            runs.append(exchange.answer.run)
        time.sleep(chance.uniform(0, 1.5))
        crash(scene, pause=chance.uniform(0, 0.5))
        ended = scene.finals(runs, since=time.monotonic())
        print(f"final after {scene.took:.1f} s: {[run.state for run in ended]}")
        assert {run.state for run in ended} <= {State.DONE, State.INTERRUPTED}
    again = scene.ask("fake-n5").answer.run
    assert scene.finals([again])[0].state == State.DONE


def test_an_outage_longer_than_the_lease(scene):
    exchange = scene.ask("fake-d50-n100")
    scene.watch(exchange)
    scene.until(lambda: Run.objects.get(pk=exchange.answer.run.pk).first_text_at)
    time.sleep(0.5)
    crash(scene, pause=5)
    assert scene.finals()[0].state in (State.DONE, State.INTERRUPTED)


def crash(scene, pause: float) -> None:
    scene.house.kill("postgres", signal.SIGQUIT)
    time.sleep(pause)
    scene.house.start("postgres")
    connection.close()  # this process's own, which died too
