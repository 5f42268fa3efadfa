"""The web process dies around a post; the page posts again with the same `client_id`."""

import json
import signal
import threading
import time
import uuid
from contextlib import suppress
from http.client import HTTPConnection, HTTPException

from django.db import connection, transaction

from accounts.api_keys import issue_key
from chat.models import Conversation, Message
from runs.models import Run
from tests.faults import books
from usage.models import UsageRecord


def test_killed_before_the_commit(scene):
    client_id = uuid.uuid4()
    spec = scene.model("fake-n5")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE runs_run IN EXCLUSIVE MODE")  # the post waits for this
        answers: list = []
        post = threading.Thread(target=lambda: answers.append(scene.post_to(spec.pk, client_id)))
        post.start()
        time.sleep(1.0)
        scene.house.kill("web")
        post.join()
    assert answers == [None]
    time.sleep(0.2)
    assert not Run.objects.filter(client_id=client_id).exists()
    scene.house.ensure()
    posted_once(scene, client_id)


def test_killed_after_the_commit_and_before_the_answer(scene):
    client_id, house = uuid.uuid4(), scene.house
    spec = scene.model("fake-n5")
    house.freeze("valkey")  # the hint after the commit waits for this
    answers: list = []
    post = threading.Thread(target=lambda: answers.append(scene.post_to(spec.pk, client_id)))
    post.start()
    try:
        scene.until(lambda: Run.objects.filter(client_id=client_id).exists())
        house.kill("web")
        post.join()
    finally:
        house.thaw("valkey")
    assert answers == [None]
    house.ensure()
    posted_once(scene, client_id)


def test_killed_at_random_moments_of_a_post(scene, chance, times):
    for _ in range(times(3, 25)):
        client_id = uuid.uuid4()
        scene.model("fake-n5")
        kill = threading.Timer(chance.uniform(0, 0.12), lambda: scene.house.kill("web"))
        kill.start()
        scene.post("fake-n5", client_id)
        kill.join()
        scene.house.ensure()
        posted_once(scene, client_id)


def test_thirty_posts_of_one_page_at_once(scene):
    client_id, answers = uuid.uuid4(), []
    model_id = scene.model("fake-n5").pk
    barrier = threading.Barrier(30)

    def post() -> None:
        barrier.wait()
        answers.append(scene.post_to(model_id, client_id, seconds=30))

    threads = [threading.Thread(target=post) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [302] * 30
    posted_once(scene, client_id)


def posted_once(scene, client_id: uuid.UUID) -> None:
    """Post until it is answered, as the page does: one conversation, question, answer, charge."""
    assert scene.post("fake-n5", client_id) == 302
    assert scene.post("fake-n5", client_id) == 302
    run = scene.posted(client_id)
    assert scene.finals([run])[0].state == "done"
    answer = Message.objects.get(run=run)
    assert Message.objects.filter(conversation=answer.conversation).count() == 2
    owned = Conversation.objects.filter(owner=scene.person).count()
    assert owned == Run.objects.filter(account__user=scene.person).count()


def test_sockets_survive_the_death_of_the_web_process(scene):
    for number in (signal.SIGKILL, signal.SIGTERM):
        exchanges = [scene.ask("fake-d30-n100") for _ in range(5)]
        readers = [scene.watch(exchange) for exchange in exchanges]
        scene.until(lambda readers=readers: all(len(reader.log) > 10 for reader in readers))
        scene.house.kill("web", number)
        scene.until(lambda readers=readers: all(reader.closes for reader in readers))
        code = 1012 if number == signal.SIGTERM else 1006
        assert {reader.closes[0] for reader in readers} == {code}
        scene.house.ensure()
        assert {run.state for run in scene.finals()} == {"done"}
        scene.all_caught_up()


def test_what_is_cut_at_the_end_of_the_web_process_is_charged(scene):
    """A program's stream that is longer than the process waits for came to what was written."""
    spec = scene.model("fake-d100-n300")
    spec.public_name = spec.name
    spec.save()
    _, secret = issue_key(scene.person, "a program's")
    streams = [threading.Thread(target=read_on, args=[scene, secret, spec.name]) for _ in range(5)]
    for stream in streams:
        stream.start()
    rows = UsageRecord.objects.filter(deployment=spec)
    scene.until(lambda: len(books.calls_of(scene.house.fake_url)) == 5)
    scene.house.kill("web", signal.SIGTERM)
    for stream in streams:
        stream.join()
    states = list(rows.values_list("state", "outcome", "is_reported"))
    assert states == [("settled", "cancelled", False)] * 5


def read_on(scene, secret: str, model: str) -> None:
    http = HTTPConnection("127.0.0.1", scene.house.port, timeout=30)
    body = {"model": model, "messages": [{"role": "user", "content": "Hello?"}], "stream": True}
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    with suppress(OSError, HTTPException):
        http.request("POST", "/v1/chat/completions", json.dumps(body), headers)
        http.getresponse().read()
    http.close()
