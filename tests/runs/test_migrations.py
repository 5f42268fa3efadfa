"""Migrations go back and forth with data in them."""

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection
from django.db.migrations.executor import MigrationExecutor

from chat.models import Conversation, Message
from runs import actions, claims
from runs.models import Attempt, Run
from runs.states import State
from tests.runs.scripted import ScriptedBackend
from usage.models import UsageRecord

pytestmark = pytest.mark.django_db(transaction=True)
ROOMS = ("chat", "runs", "usage")
LATER = {"served_by_id", "credential_id"}  # columns that came after the first release


@pytest.fixture
def answered(ask, monkeypatch) -> Run:
    """A finished answer and one under way, with attempts and ledger rows."""
    monkeypatch.setattr("runs.actions.hint_worker", lambda run_id: None)
    monkeypatch.setattr("usage.metered.backend_for", lambda spec, credential: ScriptedBackend())
    run = claims.claim(ask().pk, "w")
    call = actions.begin_attempt(run, 1)
    assert actions.finish(run, State.STOPPED, text="Text", call=call)
    actions.begin_attempt(claims.claim(ask().pk, "w"), 1)
    return run


def migrate(app: str, name: str | None = None) -> None:
    call_command("migrate", app, *([name] if name else []), verbosity=0, interactive=False)


def names(app: str) -> list[str]:
    loader = MigrationExecutor(connection).loader
    return sorted(name for room, name in loader.disk_migrations if room == app)


def rows(tables: tuple) -> list[list[dict]]:
    """Return all rows, without what no earlier step has a column for."""
    found = [list(table.objects.order_by("pk").values()) for table in tables]
    return [[{k: v for k, v in row.items() if k not in LATER} for row in each] for each in found]


@pytest.mark.parametrize("app", ROOMS)
def test_each_step_back_and_forth_keeps_the_rows(answered, app):
    tables = (Run, Attempt, UsageRecord, Conversation, Message)
    before = rows(tables)
    try:
        for name in reversed(names(app)[:-1]):
            migrate(app, name)
    finally:
        migrate(app)
    assert rows(tables) == before


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
        assert not {"runs_run", "usage_usagerecord"} & set(connection.introspection.table_names())
    finally:
        call_command("migrate", verbosity=0, interactive=False)
    assert Run.objects.count() == 0


def test_no_migration_is_missing():
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)
