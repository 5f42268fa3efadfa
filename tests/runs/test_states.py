"""The state machine is written once and held by the database."""

import importlib
import itertools
import re

import pytest
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from runs.models import Attempt, Run
from runs.states import FINAL, LIVE, TRANSITIONS, State
from usage.models import UsageRecord

SQL = importlib.import_module("runs.migrations.0002_hold_transitions").CREATE
# What each state must carry, so that only the change of state itself is on trial.
CARRIES = {
    State.QUEUED: {"lease_expires_at": None, "finished_at": None},
    State.RUNNING: {"lease_expires_at": Now(), "finished_at": None, "fence": 1},
    **{
        state: {"lease_expires_at": None, "finished_at": Now(), "finish_reason": "stop"}
        for state in FINAL
    },
}


def test_the_trigger_knows_the_same_pairs():
    written = {tuple(pair) for pair in re.findall(r"\('(\w+)', '(\w+)'\)", SQL)}
    assert written == {(a.value, b.value) for a, ends in TRANSITIONS.items() for b in ends}


def test_every_state_is_live_or_final():
    assert {*LIVE, *FINAL} == set(State)
    assert all(not TRANSITIONS[state] for state in FINAL)


@pytest.mark.parametrize(("before", "after"), [*itertools.permutations(State, 2)])
def test_the_database_lets_only_known_changes_pass(ask, before, after):
    run = ask()
    if before is not State.QUEUED:
        Run.objects.filter(pk=run.pk).update(state="running", **CARRIES[State.RUNNING])
    if before in FINAL:
        Run.objects.filter(pk=run.pk).update(state=before, **CARRIES[before])
    change = Run.objects.filter(pk=run.pk, state=before)
    if after in TRANSITIONS[before]:
        assert change.update(state=after, **CARRIES[after]) == 1
    else:
        with pytest.raises(IntegrityError, match="cannot go from"):
            change.update(state=after, **CARRIES[after])


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"state": "paused"}, "runs_state_is_known|cannot go"),
        ({"lease_expires_at": Now()}, "runs_running_has_a_lease"),
        ({"state": "running", "fence": 1}, "runs_running_has_a_lease"),
        ({"state": "running", "lease_expires_at": Now()}, "runs_running_has_a_lease"),
        ({"state": "failed"}, "runs_final_has_an_end"),
        ({"finished_at": Now()}, "runs_final_has_an_end"),
        ({"first_text_at": Now()}, "runs_shown_text_is_never_requeued"),
    ],
)
def test_a_queued_run_cannot_become_nonsense(ask, fields, constraint):
    with pytest.raises(IntegrityError, match=constraint):
        Run.objects.filter(pk=ask().pk).update(**fields)


def test_done_needs_a_reason(ask):
    run = ask(state="running", fence=1, lease_expires_at=Now())
    done = {"state": "done", "lease_expires_at": None, "finished_at": Now()}
    with pytest.raises(IntegrityError, match="runs_done_has_a_reason"), transaction.atomic():
        Run.objects.filter(pk=run.pk).update(**done)
    assert Run.objects.filter(pk=run.pk).update(**done, finish_reason="stop") == 1


def test_a_run_whose_text_was_shown_is_never_queued_again(ask):
    run = ask(state="running", fence=1, lease_expires_at=Now(), first_text_at=Now())
    with pytest.raises(IntegrityError, match="runs_shown_text_is_never_requeued"):
        Run.objects.filter(pk=run.pk).update(state="queued", lease_expires_at=None)


def test_one_request_of_a_payer_makes_one_run(ask):
    first, second = ask(), ask()
    with pytest.raises(IntegrityError, match="runs_one_per_request"):
        Run.objects.filter(pk=second.pk).update(client_id=first.client_id)


def attempt(run: Run, number: int, **fields: object) -> Attempt:
    record = UsageRecord.objects.create(
        account=run.account,
        door="chat",
        model=run.model,
        held_input_tokens=1,
        held_output_tokens=1,
        lease_expires_at=Now(),
    )
    return Attempt.objects.create(run=run, number=number, fence=1, usage=record, **fields)


def test_a_run_has_one_open_attempt(ask):
    run = ask()
    attempt(run, 1)
    with pytest.raises(IntegrityError, match="runs_one_open_attempt"):
        attempt(run, 2)


def test_attempts_are_numbered_once(ask):
    run = ask()
    attempt(run, 1, ended_at=Now())
    attempt(run, 2, ended_at=Now())
    with pytest.raises(IntegrityError, match="runs_attempt_number"):
        attempt(run, 1, ended_at=Now())


def test_an_attempt_ends_after_its_start(ask):
    first = attempt(ask(), 1)
    with pytest.raises(IntegrityError, match="runs_attempt_ends_after_start"):
        Attempt.objects.filter(pk=first.pk).update(ended_at="2001-01-01T00:00:00Z")
