"""What a person loses while an answer is written, or waits: their place here, their model."""

import time
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from accounts.actions import deactivate_user, erase_user, save_team
from accounts.models import Team, User
from chat.actions import start_conversation
from chat.models import Message
from providers.actions import limit_model
from providers.errors import ModelWithdrawn, sentence_of
from providers.models import ModelSpec
from runs import claims
from runs.checkpoints import Checkpoint, withdrawn_runs, write_checkpoints
from runs.models import Run
from runs.sweeper import sweep_runs
from tests.runs.scripted import END
from usage.models import UsageRecord

LONG = ["Shown", 30.0, END]
SECOND = 1.0


@pytest.fixture
def team(person: User, spec: ModelSpec) -> Team:
    """The team that gives the person the model."""
    team = Team(name="Writers")
    save_team(team, [person])
    spec.teams.add(team)
    return team


def shown(run: Run, until) -> Run:
    until(run, "running")
    deadline = time.monotonic() + 5
    while Run.objects.get(pk=run.pk).first_text_at is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return run


class TestWhileItIsWritten:
    def test_who_leaves_the_team_of_the_model_keeps_the_text_so_far(self, play, until, team):
        exchange, backend = play(LONG)
        run = shown(exchange.answer.run, until)
        begun = time.monotonic()
        save_team(team, [])
        until(run, "interrupted", seconds=3)
        assert time.monotonic() - begun < SECOND
        assert backend.closed == 1
        assert run.error_kind == "withdrawn"
        assert Message.objects.get(run=run).text == "Shown"
        assert sentence_of(run.error_kind) == ModelWithdrawn.sentence
        record = UsageRecord.objects.get()
        assert (record.state, record.outcome) == ("settled", "withdrawn")

    def test_a_model_that_is_limited_meanwhile_is_lost_too(self, play, until, spec, person):
        team = Team(name="Others")
        save_team(team, [])
        run = shown(play(LONG)[0].answer.run, until)
        limit_model(spec, [team])
        until(run, "interrupted", seconds=2)
        assert run.error_kind == "withdrawn"

    def test_with_nothing_shown_yet_it_failed_and_says_why(self, play, until, team):
        exchange, backend = play([30.0, "Late", END])
        run = until(exchange.answer.run, "running")
        time.sleep(0.3)
        save_team(team, [])
        until(run, "failed", seconds=2)
        assert (run.error_kind, backend.closed) == ("withdrawn", 1)

    def test_who_stays_is_written_for(self, play, until, team, person):
        other = User.objects.create_user("other@example.test", "x")
        save_team(team, [person, other])
        exchange, _ = play(["Shown", 1.5, " and more", END])
        run = shown(exchange.answer.run, until)
        save_team(team, [person])
        until(run, "done", seconds=4)
        assert Message.objects.get(run=run).text == "Shown and more"

    def test_a_team_left_for_another_of_the_models_is_no_loss(self, play, until, team, spec):
        second = Team(name="Readers")
        save_team(second, list(team.members.all()))
        spec.teams.add(second)
        run = shown(play(["Shown", 1.5, END])[0].answer.run, until)
        save_team(team, [])
        until(run, "done", seconds=4)

    def test_one_of_a_model_switched_off_may_finish(self, play, until, spec, person):
        run = shown(play(["Shown", 1.5, END])[0].answer.run, until)
        ModelSpec.objects.update(is_enabled=False)
        save_team(Team(name="Any"), [person])
        Team.objects.get().members.clear()
        until(run, "done", seconds=4)

    def test_the_second_of_two_losses_is_seen_as_well(self, play, until, team, person, engine):
        """What the process knows of rights is as of its last look, not of its first."""
        other = Team(name="Other")
        for members in ([person], []):
            save_team(other, members)
            run = shown(play(["Shown", 1.2, END])[0].answer.run, until)
            until(run, "done", seconds=4)
        run = shown(play(LONG)[0].answer.run, until)
        save_team(team, [])
        until(run, "interrupted", seconds=2)


def test_looking_costs_nothing_while_no_right_is_taken(
    play, until, engine, team, person, monkeypatch
):
    looks = []
    monkeypatch.setattr("runs.engine.withdrawn_runs", lambda ids: looks.append(ids) or set())
    run = play(["Shown", 2.5, END])[0].answer.run
    until(run, "done", seconds=6)
    assert len(looks) == 1  # as the process begins to look
    run = shown(play(["Shown", 1.5, END])[0].answer.run, until)
    save_team(team, [])
    until(run, "done", seconds=6)
    assert looks[1:] == [[run.pk]]


def test_a_checkpoint_is_one_statement_and_a_look_another(ask, spec, person, team):
    others = [User.objects.create_user(f"p{n}@example.test", "x") for n in range(5)]
    save_team(team, others)
    team.members.add(person)
    runs = [claims.claim(ask(user).pk, "w") for user in (person, *others)]
    rows = [Checkpoint(run.pk, run.fence, "Text") for run in runs]
    with CaptureQueriesContext(connection) as queries:
        before = write_checkpoints(rows)
    assert len(queries) == 1
    assert before.kept == dict.fromkeys([run.pk for run in runs], False)
    save_team(team, [person])
    after = write_checkpoints(rows)
    assert after.rights_version != before.rights_version
    with CaptureQueriesContext(connection) as queries:
        assert withdrawn_runs([run.pk for run in runs]) == {run.pk for run in runs[1:]}
    assert len(queries) == 1
    assert write_checkpoints([Checkpoint(runs[0].pk, 99, "Text")]).rights_version is None


class TestWhileItWaits:
    """Nobody's worker takes what somebody suspended has queued; the next sweep ends it."""

    @pytest.mark.parametrize("leave", [deactivate_user, erase_user])
    def test_it_never_starts_and_ends_as_stopped(self, ask, person, leave):
        run = ask()
        leave(person)
        assert claims.claim(run.pk, "w") is None
        assert claims.claim(None, "w") is None
        sweep_runs()
        run.refresh_from_db()
        assert (run.state, run.fence, run.error_kind) == ("stopped", 0, "")
        assert not UsageRecord.objects.exists()

    def test_others_do_not_wait_behind_it(self, ask, person, spec):
        other = User.objects.create_user("other@example.test", "x")
        first, second = ask(), ask(other)
        assert second.place_in_queue() == 2
        spec.provider.max_streams = 1
        spec.provider.save()
        deactivate_user(person)
        assert second.place_in_queue() == 1
        assert claims.claim(second.pk, "w") == second
        assert claims.claim(first.pk, "w") is None

    def test_what_a_dead_worker_had_is_not_run_again(self, ask, person):
        run = claims.claim(ask().pk, "dead")
        deactivate_user(person)
        Run.objects.filter(pk=run.pk).update(lease_expires_at=Now() - timedelta(seconds=1))
        sweep_runs()
        run.refresh_from_db()
        assert run.state == "stopped"

    def test_what_was_queued_at_the_same_moment_is_found_too(self, person, spec):
        """The post was let in before the suspension was committed, and queued after it."""
        seen = User.objects.get(pk=person.pk)
        deactivate_user(person)
        run = start_conversation(seen, "Hello?", spec, uuid.uuid4()).answer.run
        assert claims.claim(run.pk, "w") is None
        sweep_runs()
        run.refresh_from_db()
        assert run.state == "stopped"

    def test_somebody_elses_is_left_alone(self, ask, person):
        other = User.objects.create_user("other@example.test", "x")
        run = ask(other)
        deactivate_user(person)
        sweep_runs()
        run.refresh_from_db()
        assert run.state == "queued"
