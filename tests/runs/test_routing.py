"""A Run goes to another deployment while nothing of its answer was shown."""

import uuid
from collections.abc import Callable

import pytest
from django.utils import timezone

from accounts.models import Team
from chat.actions import start_conversation
from providers.errors import (
    AuthenticationFailed,
    BadRequest,
    ModelWithdrawn,
    RateLimited,
    ServerFailed,
    StreamCut,
)
from providers.models import Credential, ModelSpec, Provider, Route
from runs import actions, claims
from runs.models import Run
from runs.states import State
from tests.runs.scripted import END, ScriptedBackend
from usage.models import UsageRecord

LONG = timezone.timedelta(minutes=5)


def make_spec(name: str, **fields: object) -> ModelSpec:
    provider = Provider.objects.create(name=name, base_url="http://127.0.0.1:2/v1")
    return ModelSpec.objects.create(provider=provider, name=name, label=name.title(), **fields)


@pytest.fixture
def backup(spec) -> ModelSpec:
    """Stands in for the model that is asked."""
    found = make_spec("backup", context_window=4000, max_output_tokens=700, makes_titles=False)
    Route.objects.create(model=spec, to=found)
    return found


@pytest.fixture
def cast(monkeypatch, engine, person, spec) -> Callable[..., Run]:
    """Ask a question; each deployment answers by its own scripts."""
    monkeypatch.setattr("runs.actions.hint_worker", engine.submit)

    def ask(scripts: dict[ModelSpec, ScriptedBackend]) -> Run:
        by_id = {each.pk: backend for each, backend in scripts.items()}
        monkeypatch.setattr("usage.metered.backend_for", lambda spec, credential: by_id[spec.pk])
        return start_conversation(person, "Hello?", spec, uuid.uuid4()).answer.run

    return ask


def outcomes(run: Run) -> list[tuple[str, str]]:
    records = UsageRecord.objects.filter(attempt__run=run).order_by("created_at")
    return [(record.model_name, record.outcome) for record in records]


@pytest.mark.parametrize(
    "error", [ServerFailed(), RateLimited(retry_after=200), AuthenticationFailed()]
)
def test_another_deployment_answers_what_the_first_could_not(cast, spec, backup, until, error):
    run = cast({spec: ScriptedBackend([error]), backup: ScriptedBackend(["Hello", END])})
    run = until(run, "done")
    assert run.served_by == backup
    assert run.message.text == "Hello"
    assert outcomes(run) == [("scripted", error.kind), ("backup", "stop")]
    assert UsageRecord.objects.get(outcome="stop").held_output_tokens == 700, "its own cap"


def test_it_is_asked_at_once(cast, spec, backup, until):
    asked_to_wait = ScriptedBackend([RateLimited(retry_after=15)])
    run = cast({spec: asked_to_wait, backup: ScriptedBackend(["Hello", END])})
    until(run, "done", seconds=5)


def test_nothing_is_asked_again_after_the_first_text(cast, spec, backup, until):
    unused = ScriptedBackend()
    run = until(cast({spec: ScriptedBackend(["Half", StreamCut()]), backup: unused}), "interrupted")
    assert (run.message.text, run.served_by) == ("Half", spec)
    assert unused.prompts == []


def test_a_request_that_is_wrong_is_wrong_everywhere(cast, spec, backup, until):
    unused = ScriptedBackend()
    run = until(cast({spec: ScriptedBackend([BadRequest()]), backup: unused}), "failed")
    assert run.error_kind == "bad_request"
    assert unused.prompts == []


def test_where_all_fail_the_last_error_is_told(cast, spec, backup, until):
    first = ScriptedBackend([AuthenticationFailed()])
    second = ScriptedBackend([AuthenticationFailed()])
    run = until(cast({spec: first, backup: second}), "failed")
    assert run.error_kind == "authentication"
    assert outcomes(run) == [("scripted", "authentication"), ("backup", "authentication")]
    assert not UsageRecord.objects.filter(state="held").exists()


def test_the_answer_says_who_served(cast, spec, backup, until, client, person):
    run = until(
        cast({spec: ScriptedBackend([ServerFailed()]), backup: ScriptedBackend(["A", END])}), "done"
    )
    client.force_login(person)
    html = client.get(f"/c/{run.message.conversation_id}/").content.decode()
    assert "Scripted, answered by Backup" in html


# Claims


def test_a_resting_deployment_is_passed_over_at_the_claim(ask, spec, backup):
    ModelSpec.objects.filter(pk=spec.pk).update(rests_until=timezone.now() + LONG)
    assert claims.claim(ask().pk, "w").served_by == backup


def test_a_full_provider_shares_with_equals_but_not_with_a_stand_in(ask, spec, backup):
    Provider.objects.filter(pk=spec.provider_id).update(max_streams=1)
    assert claims.claim(ask().pk, "w").served_by == spec
    waiting = ask()
    assert claims.claim(waiting.pk, "w") is None, "a stand-in is for failures, not for a queue"
    Route.objects.update(priority=0)
    assert claims.claim(waiting.pk, "w").served_by == backup


def test_what_spills_over_waits_behind_the_line_of_its_host(ask, spec, backup):
    Provider.objects.update(max_streams=1)
    assert claims.claim(ask().pk, "w").served_by == spec
    Route.objects.update(priority=0)
    own, other = ask(model=backup), ask()
    assert claims.claim(other.pk, "w") is None, "the slot is for the host's own line"
    assert claims.claim(own.pk, "w").served_by == backup
    assert claims.claim(other.pk, "w") is None


def test_slots_are_counted_where_a_run_is_served(ask, spec, backup):
    Provider.objects.filter(pk=backup.provider_id).update(max_streams=1)
    run = claims.claim(ask().pk, "w")
    assert not claims.leaves_a_slot(run)
    assert claims.move_on(run, ServerFailed())
    assert claims.leaves_a_slot(run)
    assert Run.objects.get(pk=run.pk).served_by == backup
    another = claims.claim(ask().pk, "w")
    assert not claims.move_on(another, ServerFailed()), "the stand-in is full"


def test_an_old_fence_moves_nowhere(ask, spec, backup):
    run = claims.claim(ask().pk, "w")
    Run.objects.filter(pk=run.pk).update(fence=9)
    with pytest.raises(actions.RunLost):
        claims.move_on(run, ServerFailed())


def test_another_key_of_the_same_provider_is_enough(ask, spec):
    run = claims.claim(ask().pk, "w")
    assert not claims.move_on(run, AuthenticationFailed()), "without a key there is no other"
    origin = spec.provider.origin()
    for name in ("a", "b"):
        Credential.objects.create(provider=spec.provider, name=name, secret="s" * 20, origin=origin)
    Credential.objects.filter(name="a").update(rests_until=timezone.now() + LONG)
    assert claims.move_on(run, AuthenticationFailed())
    assert not claims.move_on(run, ServerFailed()), "no key helps against a broken server"
    Credential.objects.update(rests_until=timezone.now() + LONG)
    assert not claims.move_on(run, AuthenticationFailed())


# Teams


def test_a_queued_run_of_somebody_who_left_the_team_does_not_start(ask, person, spec):
    team = Team.objects.create(name="Writers")
    team.members.add(person)
    spec.teams.add(team)
    actions.begin_attempt(claims.claim(ask().pk, "w"), 1)
    run = ask()
    team.members.remove(person)
    with pytest.raises(ModelWithdrawn):
        actions.begin_attempt(claims.claim(run.pk, "w"), 1)
    assert Run.objects.get(pk=run.pk).state == State.RUNNING
