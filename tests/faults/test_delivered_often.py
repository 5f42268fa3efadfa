"""One task delivered fifty times, to several processes, before, during and after the answer."""

import uuid

from runs.models import Attempt, Run
from tests.faults import books
from usage.models import UsageRecord


def test_one_answer_and_one_charge(scene):
    exchange = scene.ask("fake-t200-d20-n40")
    scene.watch(exchange)
    run = exchange.answer.run
    for _ in range(30):
        scene.clock.send("runs.tasks.execute", str(run.pk))
    scene.until(lambda: Run.objects.get(pk=run.pk).first_text_at)
    for _ in range(10):
        scene.clock.send("runs.tasks.execute", str(run.pk))
    assert scene.finals()[0].state == "done"
    for _ in range(10):
        scene.clock.send("runs.tasks.execute", str(run.pk))
    after = scene.ask("fake-n3").answer.run  # the queue is worked off when this one is done
    scene.finals([after])
    assert Run.objects.get(pk=run.pk).fence == 1
    assert Attempt.objects.filter(run=run).count() == 1
    assert UsageRecord.objects.filter(attempt__run=run).count() == 1
    assert len(books.calls_of(scene.house.fake_url)) == 2


def test_a_task_for_no_run_harms_nothing(scene):
    for nonsense in (str(uuid.uuid4()), "not-a-uuid", ""):
        scene.clock.send("runs.tasks.execute", nonsense)
    scene.ask("fake-n3")
    assert scene.finals()[0].state == "done"
