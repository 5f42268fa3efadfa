"""Limits and budgets: what a call takes, gives back, and is refused for."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import transaction

from accounts.models import ApiKey, Team
from providers import errors
from providers.actions import add_model, add_provider
from providers.models import ModelSpec
from providers.values import Prompt, Turn, Usage
from tests.people import make_person
from usage.actions import Settlement, hold, payer_of, release, release_expired_holds, settle
from usage.limits import set_limits, standings
from usage.metered import open_call
from usage.models import Limit, Payer, UsageRecord
from usage.standing import Window

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


def test_a_budget_pays_for_as_many_calls_as_it_holds(owner, payer, spec):
    one = size(begin(payer, spec))
    set_limits(owner, day_budget=Decimal(3 * one) / 1_000_000)  # the call under way counts
    begin(payer, spec), begin(payer, spec)
    with pytest.raises(errors.BudgetHeld):
        begin(payer, spec)
    assert limit().held == limit().day_budget


def test_a_spent_budget_says_whose_it_is_and_when_it_starts_anew(owner, payer, spec):
    set_limits(owner, day_budget=Decimal("0.0001"))
    finish(begin(payer, spec), Usage(50, 50))
    with pytest.raises(errors.BudgetSpent) as refused:
        begin(payer, spec)
    assert 0 < refused.value.retry_after <= 86_400
    assert "your account" in str(refused.value.sentence)


def test_yesterdays_spending_is_not_todays(owner, payer, spec):
    set_limits(owner, day_budget=Decimal("0.0001"))
    finish(begin(payer, spec), Usage(50, 50))
    Limit.objects.update(day=limit().day - dt.timedelta(days=1))
    assert standings(payer, spec.pk)[0].spent(Window.DAY) == 0
    finish(begin(payer, spec))
    assert limit().day_spent == Decimal("0.00003")


def test_a_model_without_a_price_is_refused_while_a_budget_applies(owner, payer, spec):
    set_limits(owner, total_budget=Decimal(1))
    spec.output_price = None
    with pytest.raises(errors.PriceUnknown):
        begin(payer, spec)


def test_a_cap_of_ones_own_is_no_limits(owner, payer, spec):
    prompt = Prompt(turns=PROMPT.turns, max_tokens=5, may_be_shorter=True)
    assert not open_call(payer, "test", spec, prompt).is_shortened
    set_limits(owner, total_budget=Decimal("0.001"))
    longer = Prompt(turns=PROMPT.turns, max_tokens=100_000, may_be_shorter=True)
    assert open_call(payer, "test", spec, longer).is_shortened


def test_an_answer_that_may_be_shorter_is_cut_to_what_is_left(owner, payer, spec):
    set_limits(owner, total_budget=Decimal("0.001"))
    prompt = Prompt(turns=PROMPT.turns, max_tokens=100_000, may_be_shorter=True)
    record = begin(payer, spec, prompt)
    assert 256 <= record.held_output_tokens < 1000
    assert limit().held <= Decimal("0.001")


@pytest.mark.parametrize(
    ("name", "error"),
    [("requests_per_minute", errors.RequestsLimited), ("max_streams", errors.StreamsLimited)],
)
def test_the_next_beyond_a_limit_waits(owner, payer, spec, name, error):
    set_limits(owner, **{name: 2})
    begin(payer, spec), begin(payer, spec)
    with pytest.raises(error) as refused:
        begin(payer, spec)
    assert 0 < refused.value.retry_after <= 61


def test_tokens_of_a_minute_are_as_held_and_then_as_counted(owner, payer, spec):
    one = size(begin(payer, spec))
    UsageRecord.objects.all().delete()
    set_limits(owner, tokens_per_minute=2 * one)
    first = begin(payer, spec)
    begin(payer, spec)
    with pytest.raises(errors.TokensLimited) as refused:
        begin(payer, spec)
    assert refused.value.headers["x-ratelimit-remaining-tokens"] == "0"
    finish(first, Usage(0, 0))
    begin(payer, spec)


def test_calls_a_minute_ago_do_not_count(owner, payer, spec):
    set_limits(owner, requests_per_minute=1)
    begin(payer, spec)
    Limit.objects.update(seconds=[limit().seconds[0] - 61])
    begin(payer, spec)
    assert limit().requests == [1]


def test_team_key_and_model_count_too(owner, payer, spec):
    team = Team.objects.create(name="Sales")
    team.members.add(owner)
    key = ApiKey.objects.create(owner=owner, name="k", prefix="p", last_four="abcd", digest=b"d")
    for subject in (owner, team, key, spec):
        set_limits(subject, total_budget=Decimal(1))
    finish(begin(Payer(payer.account_id, owner.pk, key.pk), spec))
    assert set(Limit.objects.values_list("total_spent", flat=True)) == {Decimal("0.00003")}
    finish(begin(payer, spec))
    assert Limit.objects.get(key=key).total_spent == Decimal("0.00003")
    assert Limit.objects.get(team=team).total_spent == Decimal("0.00006")


def test_other_peoples_calls_do_not_count(owner, spec):
    set_limits(owner, max_streams=1)
    stranger = payer_of(make_person())
    begin(stranger, spec), begin(stranger, spec)
    assert limit().open_calls == 0


def test_a_new_limit_begins_with_what_the_ledger_says(owner, payer, spec):
    finish(begin(payer, spec))
    under_way = begin(payer, spec)
    set_limits(owner, month_budget=Decimal(1))
    opened = limit()
    assert (opened.open_calls, opened.held) == (1, under_way.held_cost)
    assert opened.day_spent == opened.month_spent == opened.total_spent == Decimal("0.00003")
    assert (sum(opened.requests), sum(opened.tokens)) == (2, 30 + size(under_way))
    finish(under_way)
    assert (limit().open_calls, limit().held) == (0, 0)
    assert limit().total_spent == Decimal("0.00006")
