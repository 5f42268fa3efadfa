"""Limits and budgets: what a call takes, gives back, and is refused for."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import transaction

from providers.actions import add_model, add_provider
from providers.models import ModelSpec
from providers.values import Prompt, Turn, Usage
from usage.actions import Settlement, hold, payer_of, release, release_expired_holds, settle
from usage.limits import set_limits
from usage.models import Limit, Payer, UsageRecord

pytestmark = pytest.mark.django_db
# "Say so." is 18 tokens with its framing; with 82 of output a hundred.
PROMPT = Prompt(turns=(Turn("user", "Say so."),), max_tokens=81)
USED = Usage(input_tokens=10, output_tokens=20)


@pytest.fixture
def spec() -> ModelSpec:
    provider = add_provider("P", "https://models.example.test/v1")
    # A dollar for a million tokens of either kind: a call of a hundred holds a hundredth of a cent.
    return add_model(provider, "m", input_price=Decimal(1), output_price=Decimal(1))


@pytest.fixture
def payer(owner) -> Payer:
    return payer_of(owner)


def begin(payer: Payer, spec: ModelSpec, prompt: Prompt = PROMPT) -> UsageRecord:
    with transaction.atomic():
        return hold(payer, "chat", spec, prompt)


def finish(record: UsageRecord, usage: Usage = USED, *, is_reported: bool = True) -> None:
    assert settle(record, Settlement(usage, is_reported, "stop"))


def limit() -> Limit:
    return Limit.objects.get()


def size(record: UsageRecord) -> int:
    return record.held_input_tokens + record.held_output_tokens


def test_a_call_takes_its_bound_and_gives_back_what_it_did_not_use(owner, payer, spec):
    set_limits(owner, day_budget=Decimal(1))
    record = begin(payer, spec)
    taken = limit()
    assert (taken.open_calls, taken.held) == (1, Decimal(size(record)) / 1_000_000)
    assert sum(taken.tokens) == size(record)
    finish(record)
    now = limit()
    assert (now.open_calls, now.held) == (0, 0)
    assert now.day_spent == now.month_spent == now.total_spent == Decimal("0.00003")
    assert (now.requests, now.tokens) == ([1], [30])


def test_a_released_call_costs_nothing_but_counts_as_a_request(owner, payer, spec):
    set_limits(owner, requests_per_minute=5)
    release(begin(payer, spec), "connection")
    now = limit()
    assert (now.open_calls, now.held, now.total_spent) == (0, 0, 0)
    assert (now.requests, now.tokens) == ([1], [0])


def test_an_expired_hold_is_given_back(owner, payer, spec):
    set_limits(owner, total_budget=Decimal(1))
    record = begin(payer, spec)
    UsageRecord.objects.filter(pk=record.pk).update(
        lease_expires_at=record.created_at - dt.timedelta(hours=1)
    )
    assert release_expired_holds() == 1
    assert (limit().open_calls, limit().held) == (0, 0)


def test_closed_twice_is_given_back_once(owner, payer, spec):
    set_limits(owner, total_budget=Decimal(1))
    record = begin(payer, spec)
    finish(record)
    assert not settle(record, Settlement(USED, True, "stop"))
    assert not release(record, "stop")
    assert (limit().open_calls, limit().total_spent) == (0, Decimal("0.00003"))
