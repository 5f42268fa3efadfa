"""The ledger's sums by the hour: made once of hours that cannot change any more."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db.models import Q
from django.utils import timezone

from providers.actions import add_model, add_provider
from providers.models import ModelSpec
from providers.values import Prompt, Turn, Usage
from usage.actions import Settlement, hold, payer_of, release, settle
from usage.models import HourlyUsage, UsageRecord
from usage.rollups import HOUR, cost_since, hour_of, roll_up, rolled_until

pytestmark = pytest.mark.django_db
PROMPT = Prompt(turns=(Turn("user", "Say so."),), max_tokens=81)


@pytest.fixture
def spec() -> ModelSpec:
    provider = add_provider("P", "https://models.example.test/v1")
    return add_model(provider, "m", input_price=Decimal(1), output_price=Decimal(1))


def held(owner, spec, ago: dt.timedelta) -> UsageRecord:
    record = hold(payer_of(owner), "chat", spec, PROMPT)
    UsageRecord.objects.filter(pk=record.pk).update(created_at=timezone.now() - ago)
    return record


def called(owner, spec, ago: dt.timedelta) -> None:
    settle(held(owner, spec, ago), Settlement(Usage(10, 20), True, "stop"))


def test_hours_that_are_over_are_added_up_once(owner, spec):
    for _ in range(3):
        called(owner, spec, 5 * HOUR)
    release(held(owner, spec, 5 * HOUR), "connection")
    called(owner, spec, dt.timedelta(0))
    assert roll_up() > 0
    assert roll_up() == 0
    sums = HourlyUsage.objects.filter(cost__gt=0).get()
    assert (sums.calls, sums.errors) == (4, 1)
    assert (sums.input_tokens, sums.output_tokens) == (30, 60)
    assert sums.cost == Decimal("0.00009")
    assert cost_since(None, Q()) == Decimal("0.00012")


def test_an_hour_with_an_open_hold_waits(owner, spec):
    called(owner, spec, 5 * HOUR)
    record = held(owner, spec, 3 * HOUR)
    began = UsageRecord.objects.get(pk=record.pk).created_at
    roll_up()
    assert rolled_until() == hour_of(began)
    release(record, "expired")
    roll_up()
    assert rolled_until() > began


def test_a_sum_begins_in_the_middle_of_an_hour(owner, spec):
    called(owner, spec, 5 * HOUR)
    roll_up()
    began = UsageRecord.objects.get().created_at
    assert cost_since(began, Q()) == Decimal("0.00003")
    assert cost_since(began + dt.timedelta(seconds=1), Q()) == 0
