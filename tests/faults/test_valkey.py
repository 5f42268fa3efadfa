"""Valkey forgets everything, or dies and comes back, while answers are written."""

import time
import uuid

import pytest

from runs.buffer import text_key
from runs.models import Run


@pytest.fixture
def writing(scene) -> list[Run]:
    """Five answers under way, each read on two pages, with four seconds of text to come."""
    for _ in range(5):
        exchange = scene.ask("fake-d25-n160")
        scene.watch(exchange)
        scene.watch(exchange)
    runs = [run.pk for run in scene.runs]
    scene.until(lambda: not Run.objects.filter(pk__in=runs, first_text_at=None).exists())
    return scene.runs


def test_flushall_in_the_middle_of_answers(scene, chance, writing):
    for _ in range(3):
        time.sleep(chance.uniform(0.1, 0.8))
        scene.house.redis.flushall()
    time.sleep(0.5)
    buffers = scene.house.redis.mget([text_key(run.pk, 1) for run in writing])
    assert all(buffers), "a live worker writes a lost buffer anew"
    assert {run.state for run in scene.finals()} == {"done"}
    works_again(scene)


def test_a_restart_in_the_middle_of_answers(scene, chance, writing):
    time.sleep(chance.uniform(0.1, 0.8))
    scene.house.kill("valkey")
    time.sleep(chance.uniform(0, 1))
    scene.house.start("valkey")
    assert {run.state for run in scene.finals()} == {"done"}
    assert all(len(reader.closes) == 0 for reader in scene.readers.readers), "no socket was lost"
    works_again(scene)


def works_again(scene) -> None:
    """Nothing was made deaf: new questions are answered, old and new pages hear of it."""
    for _ in range(2):
        client_id, begun = uuid.uuid4(), time.monotonic()
        assert scene.post("fake-d5-n10", client_id, seconds=20) == 302
        run = scene.posted(client_id)
        assert scene.finals([run])[0].state == "done"
        print(f"the next answer took {time.monotonic() - begun:.1f} s")
        assert time.monotonic() - begun < 15
