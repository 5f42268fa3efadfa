"""Who is next: one person's hundred Runs do not starve another's one."""

import datetime as dt
import itertools
import threading

import pytest
from django.db import connection
from django.db.models.functions import Now

from accounts.models import User
from providers.errors import ModelWithdrawn
from providers.models import Provider
from runs import actions, claims
from runs.models import Run
from runs.states import State


@pytest.fixture
def other(db) -> User:
    return User.objects.create_user("other@example.test", "x")


@pytest.fixture
def queue(ask):
    """Queue so many Runs of a person, each a second younger than the one before."""
    ages = itertools.count(-1000)

    def make(user: User, count: int) -> list[Run]:
        return [
            ask(user, created_at=Now() + dt.timedelta(seconds=next(ages))) for _ in range(count)
        ]

    return make


def test_the_second_claim_goes_to_the_other_person(person, other, queue):
    hundred = queue(person, 100)
    one = queue(other, 1)[0]
    order = [claims.claim(None, "w").pk for _ in range(3)]
    assert order == [hundred[0].pk, one.pk, hundred[1].pk]


def test_a_hint_for_somebody_in_a_crowd_serves_the_fairest(person, other, queue, spec):
    Provider.objects.update(max_streams=2)
    crowd = queue(person, 5)
    assert claims.claim(crowd[0].pk, "w").pk == crowd[0].pk
    one = queue(other, 1)[0]
    assert claims.claim(crowd[1].pk, "w").pk == one.pk


def test_a_full_provider_lets_nobody_start(person, queue):
    Provider.objects.update(max_streams=2)
    runs = queue(person, 3)
    first = claims.claim(runs[0].pk, "w")
    assert claims.claim(runs[1].pk, "w") is not None
    assert claims.claim(runs[2].pk, "w") is None
    assert claims.claim(None, "w") is None
    assert claims.leaves_a_slot(first.served_by)
    actions.finish(first, State.STOPPED, text="")
    assert claims.claim(None, "w").pk == runs[2].pk


def test_a_provider_without_a_limit_starts_what_was_asked_for(person, other, queue):
    crowd = queue(person, 3)
    queue(other, 1)
    assert claims.claim(crowd[2].pk, "w").pk == crowd[2].pk
    assert not claims.leaves_a_slot(crowd[2].served_by)


def test_a_full_provider_does_not_keep_another_one_waiting(person, queue, spec):
    runs = queue(person, 2)
    Provider.objects.update(max_streams=1)
    claims.claim(runs[0].pk, "w")
    free = Provider.objects.create(name="Free", base_url="http://127.0.0.1:2/v1")
    spec.pk, spec.provider, spec.name = None, free, "free"
    spec._state.adding = True
    spec.save()
    Run.objects.filter(pk=runs[1].pk).update(model=spec)
    assert claims.claim(None, "w").pk == runs[1].pk


def test_the_place_in_the_line_of_its_provider(person, other, queue, spec):
    crowd, one = queue(person, 3), queue(other, 1)[0]
    claims.claim(crowd[0].pk, "w")
    assert reload(one).place_in_queue() == 1  # whose payer has nothing running goes first
    assert reload(crowd[2]).place_in_queue() == 3
    free = Provider.objects.create(name="Free", base_url="http://127.0.0.1:2/v1")
    spec.pk, spec.provider, spec.name = None, free, "free"
    spec._state.adding = True
    spec.save()
    Run.objects.filter(pk=crowd[2].pk).update(model=spec)
    assert reload(crowd[2]).place_in_queue() == 1


@pytest.mark.parametrize("off", [{"is_enabled": False}, {"base_url": ""}])
def test_a_provider_that_was_switched_off_is_not_asked(person, queue, off):
    run = queue(person, 1)[0]
    Provider.objects.update(**off)
    with pytest.raises(ModelWithdrawn):
        actions.begin_attempt(claims.claim(run.pk, "w"), 1)


def test_the_place_in_the_queue(person, other, queue):
    runs = queue(person, 3)
    assert [run.place_in_queue() for run in map(reload, runs)] == [1, 2, 3]
    claims.claim(runs[0].pk, "w")
    assert reload(runs[2]).place_in_queue() == 2


def reload(run: Run) -> Run:
    return Run.objects.get(pk=run.pk)


@pytest.mark.django_db(transaction=True)
def test_fifty_claims_at_once_give_one_run_to_one_worker(ask, monkeypatch):
    monkeypatch.setattr("runs.actions.hint_worker", lambda run_id: None)
    run = ask()
    barrier, won = threading.Barrier(10), []

    def claim() -> None:
        try:
            barrier.wait()
            for _ in range(5):
                won.append(claims.claim(run.pk, "w"))
        finally:
            connection.close()

    threads = [threading.Thread(target=claim) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 50
    assert len([w for w in won if w is not None]) == 1
    assert reload(run).fence == 1


@pytest.mark.django_db(transaction=True)
def test_slots_hold_under_claims_at_once(ask, monkeypatch):
    monkeypatch.setattr("runs.actions.hint_worker", lambda run_id: None)
    Provider.objects.update(max_streams=3)
    for _ in range(12):
        ask()
    barrier = threading.Barrier(8)

    def claim() -> None:
        try:
            barrier.wait()
            claims.claim(None, "w")
        finally:
            connection.close()

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Run.objects.filter(state="running").count() == 3
    assert Run.objects.filter(state="queued").count() == 9
