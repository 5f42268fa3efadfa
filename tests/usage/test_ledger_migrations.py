"""The ledger's ids and sums go back and forth with rows in them."""

import datetime as dt
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from providers.models import ModelSpec
from tests.administration.scenery import called, make_spec
from usage.actions import account_of
from usage.models import Account, HourlyUsage, UsageRecord
from usage.rollups import roll_up


def migrate(name: str | None = None) -> None:
    call_command("migrate", *(["usage", name] if name else []), verbosity=0, interactive=False)


def constraints() -> set[str]:
    with connection.cursor() as cursor:
        tables = (UsageRecord._meta.db_table, HourlyUsage._meta.db_table)
        found = [connection.introspection.get_constraints(cursor, table) for table in tables]
    return {
        str(facts["columns"]) for each in found for facts in each.values() if facts["foreign_key"]
    }


@pytest.mark.django_db(transaction=True)
def test_ids_of_what_is_gone_and_the_accounts_sums(owner, monkeypatch):
    spec = make_spec()
    kept = ModelSpec.objects.create(provider=spec.provider, name="kept", label="Kept")
    gone, stays = called(owner, spec), called(owner, kept)
    # As if that was hours ago: a closed row is not moved.
    later = timezone.now() + dt.timedelta(hours=3)
    monkeypatch.setattr("usage.rollups._now", lambda: later)
    assert roll_up() > 0
    spec.delete()
    assert account_of(owner).calls == 2
    assert constraints() == {"['account_id']"}
    try:
        migrate("0009")
        models = UsageRecord.objects.order_by("model_name").values_list("model_name", "model_id")
        assert list(models) == [("Kept", kept.pk), (gone.model_name, None)]
        hourly = HourlyUsage.objects.order_by("model_name").values_list("model_id", flat=True)
        assert list(hourly) == [kept.pk, None]
        assert "['model_id']" in constraints()
    finally:
        migrate()
    account = Account.objects.get(user=owner)
    assert (account.calls, account.input_tokens, account.output_tokens) == (2, 6, 8)
    assert account.cost == Decimal(0)
    assert constraints() == {"['account_id']"}
    stays.refresh_from_db()
    assert stays.model == kept
