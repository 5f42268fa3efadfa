"""Programs ask /v1 while its process and the database are killed; then the books are added up."""

import datetime as dt
import json
import signal
import threading
import time
from collections import Counter
from http.client import HTTPConnection, HTTPException

import pytest
from django.db.models.functions import Now

from accounts.api_keys import issue_key
from tests.faults import books
from tests.faults.scene import WIDE
from tests.faults.test_postgres import crash
from usage.actions import release_expired_holds
from usage.limits import set_limits
from usage.models import Limit, UsageRecord

AT_ONCE = 12
MODELS = [
    *["fake-n5", "fake-d10-n30", "fake-t200-d5-n10", "fake-d40-n40"] * 2,
    "fake-n5-e500",
    "fake-d10-n20-cut10",
    "fake-d20-n40-nousage",
]
VICTIMS = ["web", "web", "web", "postgres"]  # in any order, again and again
LAST_WRITES = 10.0  # seconds in which what ended is written, once all works again


class Programs:
    """So many callers that go on asking whatever happens to them."""

    def __init__(self, scene, secret: str, chance) -> None:
        self.port, self.secret = scene.house.port, secret
        self.told: Counter[object] = Counter()
        self.ended = threading.Event()
        seeds = [chance.randrange(2**32) for _ in range(AT_ONCE)]
        self.threads = [threading.Thread(target=self._ask_on, args=[seed]) for seed in seeds]
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        self.ended.set()
        for thread in self.threads:
            thread.join()

    def _ask_on(self, seed: int) -> None:
        from random import Random

        chance = Random(seed)
        while not self.ended.is_set():
            try:
                self.told[self._ask(chance.choice(MODELS), chance.random() < 0.5)] += 1
            except (OSError, HTTPException) as error:
                self.told[type(error).__name__] += 1
                time.sleep(0.1)

    def _ask(self, model: str, is_stream: bool) -> int:
        http = HTTPConnection("127.0.0.1", self.port, timeout=20)
        body = {
            "model": model,
            "messages": [{"role": "user", "content": "Hello?"}],
            "stream": is_stream,
        }
        headers = {
            "Authorization": f"Bearer {self.secret}",
            "Content-Type": "application/json",
        }
        try:
            http.request("POST", "/v1/chat/completions", json.dumps(body), headers)
            answer = http.getresponse()
            answer.read()
            return answer.status
        finally:
            http.close()


@pytest.fixture
def limits(scene) -> list[Limit]:
    """Of a person, a team, a key and each model; that of the key refuses now and then."""
    for name in set(MODELS):
        spec = scene.model(name)
        spec.public_name = name
        spec.save()
    key, scene.secret = issue_key(scene.person, "a program's")
    set_limits(key, **WIDE | {"max_streams": AT_ONCE - 3})
    return list(Limit.objects.all())


def test_the_books_of_programs_after_kills(scene, limits, chance, times):
    programs = Programs(scene, scene.secret, chance)
    try:
        rounds = times(1, 15)
        for victim in chance.sample(VICTIMS * rounds, len(VICTIMS) * rounds):
            time.sleep(chance.uniform(0.5, 4))
            if victim == "postgres":
                crash(scene, pause=0)
            else:
                scene.house.kill("web", signal.SIGKILL)
                print(f"{give_back()} holds of a killed process given back")
            scene.house.ensure()
            answered = programs.told[200]
            scene.until(lambda answered=answered: programs.told[200] > answered)
        time.sleep(2)
    finally:
        programs.stop()
    print(programs.told)
    assert programs.told[200] > 10
    wait_for_writes()
    print(f"{give_back()} that nobody closed")
    check_books(scene)


def give_back() -> int:
    """Do the sweeper's part as if all leases were over: what is held is so by none that lives.

    Else what the first killed process held would fill the key's limit, and nothing be asked again.
    """
    dead = held().update(lease_expires_at=Now() - dt.timedelta(seconds=1))
    assert release_expired_holds() == dead
    return dead


def held():
    return UsageRecord.objects.filter(state=UsageRecord.State.HELD)


def wait_for_writes() -> None:
    """Wait until nothing changes any more: the rest were held by processes that are gone."""
    count, since, end = held().count(), time.monotonic(), time.monotonic() + LAST_WRITES
    while time.monotonic() < end and time.monotonic() - since < 3:
        time.sleep(0.1)
        if held().count() != count:
            count, since = held().count(), time.monotonic()


def check_books(scene) -> None:
    calls = books.calls_of(scene.house.fake_url)
    rows = UsageRecord.objects.filter(deployment__provider=scene.provider)
    assert {row.door for row in rows} == {"api"}
    books.check_ledger(calls)
    books.check_sums(rows, calls)
    limits = Limit.objects.all()
    books.check_limits(limits)
    for limit in limits:
        assert (limit.open_calls, limit.held) == (0, 0)
