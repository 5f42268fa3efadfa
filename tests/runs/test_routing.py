"""A Run goes to another deployment while nothing of its answer was shown."""

import time
import uuid
from collections.abc import Callable
from unittest.mock import patch

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Team, User
from chat.actions import start_conversation
from providers.backends import backend_for
from providers.errors import (
    AuthenticationFailed,
    BadRequest,
    ContextTooLong,
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
    return [(record.deployment_name, record.outcome) for record in records]


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
    assert not claims.leaves_a_slot(run.served_by)
    assert claims.move_on(run, ServerFailed())
    assert claims.leaves_a_slot(run.served_by)
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


# One provider with a line, keys that fail in their own ways


def another_model(spec: ModelSpec) -> ModelSpec:
    return ModelSpec.objects.create(
        provider=spec.provider, name="b", label="B", context_window=2000, max_output_tokens=500
    )


def make_key(spec: ModelSpec, **fields: object) -> Credential:
    given = {"name": "a", "secret": "s" * 20, "origin": spec.provider.origin(), **fields}
    return Credential.objects.create(provider=spec.provider, **given)


def unreadable(key: Credential) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE providers_credential SET secret = 'rubbish' WHERE id = %s", [key.pk])


def test_a_stand_in_at_the_same_limited_provider_is_asked(ask, spec):
    Provider.objects.update(max_streams=5)
    other = another_model(spec)
    Route.objects.create(model=spec, to=other)
    ModelSpec.objects.filter(pk=spec.pk).update(rests_until=timezone.now() + LONG)
    assert claims.claim(ask().pk, "w").served_by == other


def test_first_in_line_of_a_model_that_was_switched_off_is_ended(ask, spec):
    Provider.objects.update(max_streams=5)
    other = another_model(spec)
    off = ask(model=other, created_at=timezone.now() - LONG)
    own = ask()
    ModelSpec.objects.filter(pk=other.pk).update(is_enabled=False)
    run = claims.claim(own.pk, "w")
    assert run.pk == off.pk
    with pytest.raises(ModelWithdrawn):
        actions.begin_attempt(run, 1)


def test_where_all_keys_rest_a_claim_goes_to_the_stand_in(ask, spec, backup):
    make_key(spec, rests_until=timezone.now() + LONG, rest_reason="quota")
    assert claims.claim(ask().pk, "w").served_by == backup


def test_a_key_that_cannot_be_read_sends_on_to_the_stand_in(
    engine, spec, backup, until, monkeypatch, person
):
    unreadable(make_key(spec))
    good = ScriptedBackend(["Hello", END])
    asked = []

    def backend(model: ModelSpec, credential: Credential | None) -> object:
        asked.append(model)
        return good if model == backup else backend_for(model, credential)

    monkeypatch.setattr("runs.actions.hint_worker", engine.submit)
    monkeypatch.setattr("usage.metered.backend_for", backend)
    run = start_conversation(person, "Hello?", spec, uuid.uuid4()).answer.run
    assert until(run, "done", "failed").state == "done"
    assert asked == [spec, backup]


@pytest.mark.parametrize(
    ("error", "calls"), [(RateLimited(retry_after=0), 3), (AuthenticationFailed(), 1)]
)
def test_a_lone_key_is_not_hammered(cast, spec, until, error, calls):
    """Neither where the server says to come back at once, nor where what runs here never rests."""
    Provider.objects.update(is_embedded=True)
    make_key(spec)
    backend = ScriptedBackend(*[[error] for _ in range(12)])
    until(cast({spec: backend}), "failed")
    assert len(backend.prompts) == calls


def test_each_key_is_tried_once_and_the_good_one_from_then_on(cast, spec, until, person):
    for name in "abc":
        make_key(spec, name=name, priority=ord(name))
    backend = ScriptedBackend(
        [AuthenticationFailed()], [RateLimited()], ["Hello", END], ["Again", END]
    )
    until(cast({spec: backend}), "done")
    again = start_conversation(person, "Hello?", spec, uuid.uuid4()).answer.run
    until(again, "done")
    used = UsageRecord.objects.order_by("created_at").values_list("credential__name", "outcome")
    assert list(used) == [
        ("a", "authentication"),
        ("b", "rate_limit"),
        ("c", "stop"),
        ("c", "stop"),
    ]


def test_where_the_only_key_is_busy_the_answer_waits(cast, spec, until, monkeypatch):
    monkeypatch.setattr("runs.stream.LOOK_AT_KEYS", 0.2)
    key = make_key(spec, max_streams=1)
    busy = claims.claim(start_and_leave(spec).pk, "elsewhere")
    monkeypatch.setattr("usage.metered.backend_for", lambda spec, credential: ScriptedBackend())
    call = actions.begin_attempt(busy, 1)
    assert call.record.credential == key
    run = cast({spec: ScriptedBackend(["At last", END])})
    time.sleep(3)
    run.refresh_from_db()
    assert run.state == "running"
    actions.finish(busy, State.STOPPED, text="", call=call)
    assert until(run, "done").message.text == "At last"


def start_and_leave(spec: ModelSpec) -> Run:
    """Queue a Run that no engine here hears of."""
    with patch("runs.actions.hint_worker", lambda run_id: None):
        user = User.objects.create_user("elsewhere@example.test", "x")
        return start_conversation(user, "Hello?", spec, uuid.uuid4()).answer.run


def test_a_slot_that_a_run_leaves_goes_to_the_next_in_line(cast, spec, backup, until, person):
    Provider.objects.filter(pk=spec.provider_id).update(max_streams=1)
    ModelSpec.objects.update(cool_down_seconds=0)
    first = cast(
        {
            spec: ScriptedBackend([0.5, ServerFailed()], ["Second", END]),
            backup: ScriptedBackend(["First", 4.0, END]),
        }
    )
    until(first, "running")
    second = start_conversation(person, "Hello?", spec, uuid.uuid4()).answer.run
    assert until(second, "done", seconds=3).message.text == "Second"
    until(first, "done")


@pytest.mark.parametrize("off", ["model", "provider", "gone"])
def test_what_is_switched_off_between_two_attempts_is_not_asked_again(ask, spec, off):
    run = claims.claim(ask().pk, "w")
    actions.end_attempt(actions.begin_attempt(run, 1), "server", "server")
    if off == "model":
        ModelSpec.objects.filter(pk=spec.pk).update(is_enabled=False)
    elif off == "provider":
        Provider.objects.update(is_enabled=False)
    else:
        ModelSpec.objects.get(pk=spec.pk).delete()
    assert not claims.move_on(run, ServerFailed())
    with pytest.raises(ModelWithdrawn):
        actions.begin_attempt(run, 2)


def test_within_one_provider_a_run_takes_its_slot_along(ask, spec):
    Provider.objects.update(max_streams=1)
    Route.objects.create(model=spec, to=another_model(spec))
    run = claims.claim(ask().pk, "w")
    assert claims.move_on(run, ServerFailed())
    assert run.served_by.name == "b"


def test_a_text_that_is_too_long_goes_on_where_more_is_read(ask, spec, backup):
    Route.objects.update(priority=0)
    ModelSpec.objects.filter(pk=spec.pk).update(rests_until=timezone.now() + LONG)
    run = claims.claim(ask().pk, "w")
    assert run.served_by == backup
    assert not claims.move_on(run, ContextTooLong()), "the model itself reads less"
    larger = make_spec("larger", context_window=9000, max_output_tokens=700)
    Route.objects.create(model=spec, to=larger)
    assert claims.move_on(run, ContextTooLong())
    assert run.served_by == larger


def test_what_cannot_chat_answers_no_chat(ask, spec, backup):
    ModelSpec.objects.filter(pk=backup.pk).update(abilities=["embeddings"])
    run = claims.claim(ask().pk, "w")
    assert not claims.move_on(run, ServerFailed())


def test_what_is_switched_off_while_a_run_waits_for_a_key_is_not_asked(
    cast, spec, until, monkeypatch
):
    monkeypatch.setattr("runs.stream.LOOK_AT_KEYS", 0.2)
    make_key(spec, max_streams=1)
    monkeypatch.setattr("usage.metered.backend_for", lambda spec, credential: ScriptedBackend())
    busy = claims.claim(start_and_leave(spec).pk, "elsewhere")
    actions.begin_attempt(busy, 1)
    unused = ScriptedBackend()
    run = until(cast({spec: unused}), "running")
    ModelSpec.objects.filter(pk=spec.pk).update(is_enabled=False)
    assert until(run, "failed").error_kind == "withdrawn"
    assert unused.prompts == []
