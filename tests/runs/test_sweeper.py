"""Runs whose worker died, and Runs nobody was told about."""

import threading
import time

import pytest
import redis
from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now

from chat.models import Message
from providers.values import Delta
from runs import actions, claims, sweeper
from runs.buffer import fence_key, text_key
from runs.models import Attempt, Run
from tests.runs.scripted import ScriptedBackend
from usage.actions import release
from usage.models import UsageRecord

LONG_AGO = "2001-01-01T00:00:00Z"


@pytest.fixture(autouse=True)
def hinted(monkeypatch) -> list:
    """Ids of the Runs that a worker was told about."""
    hints: list = []
    monkeypatch.setattr("runs.actions.hint_worker", hints.append)
    monkeypatch.setattr("usage.metered.backend_for", lambda spec, credential: ScriptedBackend())
    return hints


@pytest.fixture
def died(ask, django_capture_on_commit_callbacks):
    """A Run whose worker died in the middle of a call, having shown `buffered`."""

    def make(checkpointed: str = "", buffered: str | None = None, **fields: object) -> Run:
        run = ask()
        run = claims.claim(run.pk, "dead")
        call = actions.begin_attempt(run, 1)
        call._note(Delta(text=checkpointed))
        if checkpointed or buffered:
            fields["first_text_at"] = Now()
        fields = {"text": checkpointed, "lease_expires_at": LONG_AGO, **fields}
        Run.objects.filter(pk=run.pk).update(**fields)
        if buffered is not None:
            with redis.Redis.from_url(settings.REDIS_URL) as client:
                client.set(text_key(run.pk, run.fence), buffered)
        return Run.objects.get(pk=run.pk)

    return make


def swept(run: Run) -> Run:
    sweeper.sweep_runs()
    return Run.objects.get(pk=run.pk)


def test_a_run_that_showed_nothing_runs_again(died):
    run = swept(died())
    assert (run.state, run.text, run.lease_expires_at) == ("queued", "", None)
    assert claims.claim(run.pk, "next").fence == 2


@pytest.mark.django_db(transaction=True)
def test_a_run_that_runs_again_is_hinted_at_once(died, hinted):
    run = died()
    hinted.clear()
    swept(run)
    assert hinted == [run.pk]


def test_what_readers_saw_is_in_the_answer(died):
    run = swept(died("What the row has", "What the row has and the buffer too"))
    assert run.state == "interrupted"
    assert Message.objects.get(run=run).text == "What the row has and the buffer too"


@pytest.mark.parametrize("buffered", [None, "", "What the", "Something else, and much longer"])
def test_a_lost_shorter_or_foreign_buffer_takes_nothing_away(died, buffered):
    run = swept(died("What the row has", buffered))
    assert Message.objects.get(run=run).text == "What the row has"


def test_a_run_that_was_to_stop_is_stopped(died):
    assert swept(died("Text", stop_requested_at=Now())).state == "stopped"


def test_a_run_that_was_to_stop_before_its_text_does_not_run_again(died):
    assert swept(died(stop_requested_at=Now())).state == "stopped"


def test_the_dead_workers_call_is_charged_by_an_estimate_within_its_hold(died):
    swept(died("word " * 400, "word " * 2000))
    record = UsageRecord.objects.get()
    assert (record.state, record.is_reported, record.outcome) == ("settled", False, "worker_lost")
    assert 0 < record.output_tokens <= record.held_output_tokens
    assert Attempt.objects.get().ended_at is not None


def test_text_from_before_is_not_charged_again(died):
    prefix = "word " * 200
    run = swept(died(prefix + "new", prefix=prefix))
    assert run.message.text == prefix + "new"
    assert UsageRecord.objects.get().output_tokens < 10


def test_the_old_worker_is_fenced_in_redis(died):
    run = died("Text", "Text")
    swept(run)
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        assert client.get(fence_key(run.pk)) == b"2"


def test_a_lease_that_stands_is_left_alone(died):
    run = died("Text", lease_expires_at=actions.lease_end())
    assert swept(run).state == "running"
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        assert client.get(fence_key(run.pk)) is None


def test_redis_that_is_away_costs_only_the_newest_text(died, settings):
    run = died("What the row has", "What the row has and more")
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert swept(run).message.text == "What the row has"


def test_a_run_that_kills_its_workers_ends_at_last(died):
    run = died()
    for _ in range(sweeper.MOST_CLAIMS - 1):
        assert swept(run).state == "queued"
        run = claims.claim(run.pk, "next")
        actions.begin_attempt(run, 1)
        Run.objects.filter(pk=run.pk).update(lease_expires_at=LONG_AGO)
    run = swept(run)
    assert (run.state, run.error_kind) == ("failed", "internal")
    assert not UsageRecord.objects.filter(state="held").exists()


def test_a_run_that_cannot_be_ended_keeps_no_other_waiting(died):
    broken, other = died("Broken"), died("Fine")
    Run.objects.filter(pk=broken.pk).update(door="removed")
    sweeper.sweep_runs()
    assert Run.objects.get(pk=other.pk).state == "interrupted"
    assert Run.objects.get(pk=broken.pk).state == "running"


def test_a_queued_run_whose_hint_was_lost_is_hinted_again(ask, hinted):
    run = ask(created_at=LONG_AGO)
    hinted.clear()
    sweeper.sweep_runs()
    assert hinted == [run.pk]


def test_a_run_that_was_just_queued_is_given_time(ask, hinted):
    ask()
    hinted.clear()
    sweeper.sweep_runs()
    assert hinted == []


@pytest.mark.django_db(transaction=True)
def test_a_worker_frozen_with_a_lock_in_its_hands_keeps_no_other_waiting(died):
    frozen, other = died("Frozen"), died("Fine")
    held, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                Run.objects.select_for_update().get(pk=frozen.pk)
                held.set()
                let_go.wait(10)
        finally:
            connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(5)
    begun = time.monotonic()
    sweeper.sweep_runs()
    assert time.monotonic() - begun < 2
    assert Run.objects.get(pk=other.pk).state == "interrupted"
    let_go.set()
    thread.join()
    assert swept(frozen).state == "interrupted"


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_comes_back_just_now_waits_for_the_sweeper_or_it_for_the_worker(died):
    """Both close the same attempt and its record: in one order, or each waits for the other."""
    run = died("half")
    attempt = Attempt.objects.get(run=run)

    def sweep() -> None:
        sweeper.sweep_runs()
        connection.close()

    sweeping = threading.Thread(target=sweep)
    with transaction.atomic():  # as `end_attempt` does it
        Attempt.objects.filter(pk=attempt.pk, ended_at=None).update(ended_at=Now())
        sweeping.start()
        time.sleep(0.5)
        release(attempt.usage, "connection")
    sweeping.join(30)
    run.refresh_from_db()
    assert run.state == "interrupted"
    assert UsageRecord.objects.get(pk=attempt.usage_id).outcome == "connection"
