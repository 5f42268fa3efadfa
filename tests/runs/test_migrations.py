"""Migrations go back and forth with data in them."""

import datetime as dt

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from accounts.models import User
from chat.models import Conversation, Message
from ops.audit.acts import Act
from ops.audit.trail import record
from ops.models import AuditEntry
from providers.actions import add_model, add_provider, rotate_credential
from providers.models import Credential, ModelSpec, Provider
from runs import actions, claims
from runs.models import Attempt, Run
from runs.states import State
from tests.runs.scripted import ScriptedBackend
from usage.models import UsageRecord

pytestmark = pytest.mark.django_db(transaction=True)
ROOMS = ("chat", "runs", "usage", "providers", "accounts", "ops")
LATER = {"served_by_id", "credential_id", "held_cost"}  # columns that came after the first release


@pytest.fixture
def answered(ask, monkeypatch) -> Run:
    """A finished answer and one under way, with attempts and ledger rows."""
    monkeypatch.setattr("runs.actions.hint_worker", lambda run_id: None)
    monkeypatch.setattr("usage.metered.backend_for", lambda spec, credential: ScriptedBackend())
    run = claims.claim(ask().pk, "w")
    call = actions.begin_attempt(run, 1)
    assert actions.finish(run, State.STOPPED, text="Text", call=call)
    with transaction.atomic():
        record(Act.PERSON_CHANGED, run.user, name="changed")
    actions.begin_attempt(claims.claim(ask().pk, "w"), 1)
    return run


def migrate(app: str, name: str | None = None) -> None:
    call_command("migrate", app, *([name] if name else []), verbosity=0, interactive=False)


def names(app: str) -> list[str]:
    loader = MigrationExecutor(connection).loader
    return sorted(name for room, name in loader.disk_migrations if room == app)


def rows(*tables: type) -> list[list[dict]]:
    """Return all rows, without what no earlier step has a column for."""
    found = [list(table.objects.order_by("pk").values()) for table in tables]
    return [[{k: v for k, v in row.items() if k not in LATER} for row in each] for each in found]


def back_and_forth(app: str) -> None:
    try:
        for name in reversed(names(app)[:-1]):
            migrate(app, name)
    finally:
        call_command("migrate", verbosity=0, interactive=False)  # those that went back with it too


@pytest.mark.parametrize("app", ROOMS)
def test_each_step_back_and_forth_keeps_the_rows(answered, app):
    ModelSpec.objects.update(public_name="scripted")  # what the way forth gives it again
    tables: tuple[type, ...] = (User, Provider, ModelSpec, AuditEntry)
    if app != "providers":  # whose first steps back unmake the rooms above it
        tables += (Run, Attempt, UsageRecord, Conversation, Message)
    before = rows(*tables)
    back_and_forth(app)
    assert rows(*tables) == before


@pytest.fixture
def rotated(db) -> Credential:
    """A key whose secret is still stored beside the one that took its place."""
    provider = add_provider("First", "https://first.example.test/v1", secret="sk-old-0123456789")
    old = provider.credentials.get()
    rotate_credential(old, "sk-new-0123456789", dt.timedelta(days=1))
    return old


def stored_keys() -> dict[str, bool]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, is_enabled FROM providers_credential")
        return dict(cursor.fetchall())


def test_back_where_keys_have_no_overlap_the_old_one_is_off_under_another_name(rotated):
    (new,) = Credential.objects.filter(retires_at=None)
    name = f"default {rotated.pk.hex[:8]}"
    try:
        migrate("providers", "0003")
        assert stored_keys() == {"default": True, name: False}
    finally:
        call_command("migrate", verbosity=0, interactive=False)
    assert Credential.objects.get(pk=new.pk).secret == "sk-new-0123456789"
    rotated.refresh_from_db()
    assert (rotated.name, rotated.is_enabled, rotated.secret) == (name, False, "sk-old-0123456789")


def test_models_of_one_name_get_public_names_of_their_own(rotated):
    first = rotated.provider
    others = [add_provider(name, "https://other.example.test/v1") for name in ("Second", "三")]
    large = [add_model(provider, "large") for provider in (first, *others)]
    long = [add_model(provider, "x" * 200) for provider in (first, *others)]
    taken = add_model(first, "second/small")
    small = [add_model(provider, "small") for provider in (first, others[0])]
    ModelSpec.objects.update(public_name=None)
    try:
        migrate("providers", "0003")
    finally:
        call_command("migrate", verbosity=0, interactive=False)
    named = dict(ModelSpec.objects.values_list("pk", "public_name"))
    assert [named[each.pk] for each in large] == ["large", "second/large", "provider/large"]
    assert named[taken.pk] == "second/small"
    assert [named[each.pk] for each in small] == ["small", str(small[1].pk)]
    assert [len(named[each.pk]) for each in long] == [200, 200, 200]
    assert len(set(named.values())) == len(named)


def test_without_its_migration_the_trigger_is_gone_and_with_it_back(answered):
    def undo() -> int:
        return Run.objects.filter(pk=answered.pk).update(state="queued", finished_at=None)

    with pytest.raises(IntegrityError, match="cannot go from"):
        undo()
    try:
        migrate("runs", "0001")
        assert undo() == 1
    finally:
        migrate("runs")
    with pytest.raises(IntegrityError, match="cannot go from"):
        Run.objects.filter(pk=answered.pk).update(state="interrupted")


def test_all_rooms_can_be_unmade_and_made_again(answered):
    """Also with rows in them, down to nothing and up again."""
    try:
        for app in ROOMS:
            migrate(app, "zero")
        made = {"runs_run", "usage_usagerecord", "providers_credential", "accounts_user"}
        assert not made & set(connection.introspection.table_names())
    finally:
        call_command("migrate", verbosity=0, interactive=False)
    assert Run.objects.count() == 0


def test_no_migration_is_missing():
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)
