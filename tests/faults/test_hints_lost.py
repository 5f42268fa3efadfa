"""Hints that never arrive: the sweeper finds what was queued."""

import signal
import time
import uuid


def test_a_hint_that_was_never_sent(scene, monkeypatch):
    monkeypatch.setattr("runs.actions.hint_worker", lambda run_id: None)
    for _ in range(5):
        scene.watch(scene.ask("fake-d5-n20"))
    assert {run.state for run in scene.finals()} == {"done"}
    print(f"picked up and written after {scene.took:.1f} s")


def test_a_broker_that_is_emptied_between_commit_and_delivery(scene):
    house = scene.house
    for name in ("w1", "w2"):
        house.kill(name, signal.SIGKILL)
    for _ in range(5):
        scene.watch(scene.ask("fake-d5-n20"))
    house.redis.flushall()
    house.ensure()
    assert {run.state for run in scene.finals()} == {"done"}


def test_redis_is_away_when_the_question_is_asked(scene):
    """The post is answered all the same, and soon; the answer comes when Redis is back."""
    house, client_id = scene.house, uuid.uuid4()
    scene.model("fake-d5-n20")
    assert scene.post("fake-d5-n20", uuid.uuid4()) == 302  # the process is warm
    house.kill("valkey")
    begun = time.monotonic()
    assert scene.post("fake-d5-n20", client_id) == 302
    took = time.monotonic() - begun
    print(f"the post took {took:.1f} s")
    house.ensure()
    assert scene.finals([scene.posted(client_id)])[0].state == "done"
    assert took < 3
