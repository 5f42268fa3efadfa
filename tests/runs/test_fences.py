"""Whoever lost a Run can write nothing more of it, neither in Postgres nor in Redis."""

import uuid

import pytest
from django.db import IntegrityError
from django.db.models.functions import Now

from chat.models import Message
from providers.values import Delta
from runs import actions, claims
from runs.checkpoints import Checkpoint, mark_first_text, write_checkpoints
from runs.models import Attempt, Run
from runs.states import State
from tests.runs.scripted import ScriptedBackend
from usage.models import UsageRecord


@pytest.fixture(autouse=True)
def _no_backend(monkeypatch):
    monkeypatch.setattr("usage.metered.backend_for", lambda spec, credential: ScriptedBackend())


@pytest.fixture
def superseded(ask) -> tuple[Run, Run]:
    """A Run as its first worker knows it, and as its second one does."""
    run = ask()
    old = claims.claim(run.pk, "old")
    assert actions.requeue(old)
    new = claims.claim(run.pk, "new")
    return old, new


def test_each_claim_has_a_higher_fence(superseded):
    old, new = superseded
    assert (old.fence, new.fence) == (1, 2)


def test_a_claimed_run_cannot_be_claimed(ask):
    run = ask()
    assert claims.claim(run.pk, "one") is not None
    assert claims.claim(run.pk, "two") is None


def test_a_run_that_is_unknown_cannot_be_claimed(db):
    assert claims.claim(uuid.uuid4(), "one") is None


def test_the_old_fence_writes_no_checkpoint_and_renews_no_lease(superseded):
    old, new = superseded
    Run.objects.filter(pk=new.pk).update(lease_expires_at="2001-01-01T00:00:00Z")
    assert write_checkpoints([Checkpoint(old.pk, old.fence, "late")]).kept == {}
    new.refresh_from_db()
    assert new.text == ""
    assert new.lease_expires_at.year == 2001
    assert write_checkpoints([Checkpoint(new.pk, new.fence, "now")]).kept == {new.pk: False}


def test_the_old_fence_cannot_begin_to_show_text(superseded):
    old, new = superseded
    assert mark_first_text([(old.pk, old.fence)]) == set()
    assert mark_first_text([(new.pk, new.fence)]) == {new.pk}


def test_the_old_fence_cannot_end_the_run(superseded):
    old, new = superseded
    assert not actions.finish(old, State.DONE, text="late", finish_reason="stop")
    new.refresh_from_db()
    assert (new.state, new.text) == ("running", "")
    assert actions.finish(new, State.DONE, text="now", finish_reason="stop")
    assert Message.objects.get(run=new).text == "now"


def test_the_old_fence_is_charged_for_its_call_even_so(superseded):
    _, new = superseded
    call = actions.begin_attempt(new, 1)
    call._note(Delta(text="some text"))
    Run.objects.filter(pk=new.pk).update(fence=3)
    assert not actions.finish(new, State.DONE, text="x", call=call, finish_reason="stop")
    assert UsageRecord.objects.get().state == "settled"
    assert Attempt.objects.get().ended_at is not None


def test_the_old_fence_cannot_call_a_model(superseded):
    old, _ = superseded
    with pytest.raises(actions.RunLost):
        actions.begin_attempt(old, 1)
    assert not UsageRecord.objects.exists()


def test_the_old_fence_cannot_give_the_run_back(superseded):
    old, new = superseded
    assert not actions.requeue(old)
    new.refresh_from_db()
    assert new.state == "running"


def test_a_run_that_ended_takes_no_text(ask):
    run = claims.claim(ask().pk, "one")
    assert actions.finish(run, State.STOPPED, text="kept")
    assert write_checkpoints([Checkpoint(run.pk, 1, "late")]).kept == {}
    assert not actions.finish(run, State.DONE, text="late", finish_reason="stop")
    assert Message.objects.get(run=run).text == "kept"


def test_a_second_attempt_waits_for_the_end_of_the_first(ask):
    run = claims.claim(ask().pk, "one")
    call = actions.begin_attempt(run, 1)
    actions.end_attempt(call, "rate_limit", "rate_limit")
    actions.begin_attempt(run, 2)
    assert list(Attempt.objects.order_by("number").values_list("number", flat=True)) == [1, 2]


def test_an_attempt_whose_commit_was_not_heard_of_is_given_back(ask):
    run = claims.claim(ask().pk, "one")
    unheard = actions.begin_attempt(run, 1).record  # its answer was lost with the connection
    call = actions.begin_attempt(run, 1)
    unheard.refresh_from_db()
    assert (unheard.state, unheard.outcome) == ("released", "never_called")
    attempt = Attempt.objects.get()
    assert (attempt.usage, attempt.ended_at) == (call.record, None)


def test_a_row_that_the_ledger_refuses_is_no_unheard_attempt(ask, monkeypatch):
    """Only an attempt that is open is given back; any other refusal is told."""
    run = claims.claim(ask().pk, "one")
    ended = actions.begin_attempt(run, 1)
    actions.end_attempt(ended, "rate_limit", "rate_limit")
    monkeypatch.setattr("usage.actions.input_bound", lambda ask, spec: -100)
    with pytest.raises(IntegrityError):
        actions.begin_attempt(run, 2)
    attempt = Attempt.objects.get()
    assert (attempt.usage, attempt.number) == (ended.record, 1)
    assert UsageRecord.objects.get().outcome == "rate_limit"


def test_a_late_end_does_not_reach_a_run_that_waits_for_its_next_worker(ask):
    run = ask()
    old = claims.claim(run.pk, "old")
    assert actions.requeue(old)
    for state in (State.FAILED, State.STOPPED, State.INTERRUPTED):
        assert not actions.finish(old, state, text="late", error_kind="connection")
    run.refresh_from_db()
    assert (run.state, run.text) == ("queued", "")


def test_stop_ends_a_queued_run_at_once(ask):
    run = ask()
    actions.request_stop(run)
    run.refresh_from_db()
    assert run.state == "stopped"
    assert claims.claim(run.pk, "one") is None


def test_a_wish_to_stop_reaches_the_worker_with_its_checkpoint(ask):
    run = claims.claim(ask().pk, "one")
    actions.request_stop(run)
    assert write_checkpoints([Checkpoint(run.pk, 1, None)]).kept == {run.pk: True}
    run.refresh_from_db()
    stop = run.stop_requested_at
    actions.request_stop(run)
    run.refresh_from_db()
    assert run.stop_requested_at == stop


def test_checkpoints_of_many_runs_are_one_statement(ask, django_assert_num_queries):
    runs = [claims.claim(ask().pk, "one") for _ in range(5)]
    with django_assert_num_queries(1):
        kept = write_checkpoints([Checkpoint(r.pk, 1, f"text {r.pk}") for r in runs]).kept
    assert kept.keys() == {r.pk for r in runs}
    assert all(Run.objects.get(pk=r.pk).text == f"text {r.pk}" for r in runs)
    assert Run.objects.filter(lease_expires_at__gt=Now()).count() == 5
