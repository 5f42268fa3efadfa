"""The ledger: held, then settled or released, once; an estimate never exceeds its hold."""

import asyncio
import datetime as dt
from decimal import Decimal

import pytest
from asgiref.sync import sync_to_async
from django.db import IntegrityError
from django.db.models.functions import Now
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from providers.errors import RateLimited
from providers.models import ModelSpec, Provider
from providers.values import Delta, Prompt, Turn, Usage
from usage import actions
from usage.metered import MeteredCall
from usage.models import Account, UsageRecord

pytestmark = pytest.mark.django_db
State = UsageRecord.State


@pytest.fixture
def account() -> Account:
    return actions.account_of(User.objects.create_user("payer@example.test", "x"))


@pytest.fixture
def spec() -> ModelSpec:
    provider = Provider.objects.create(name="P", base_url="http://127.0.0.1:1/v1")
    return ModelSpec.objects.create(
        provider=provider,
        name="m",
        label="M",
        input_price=Decimal("2"),
        output_price=Decimal("10"),
    )


PROMPT = Prompt(turns=(Turn("user", "How much is it?"),), max_tokens=100)


@pytest.fixture
def held(account: Account, spec: ModelSpec) -> UsageRecord:
    return actions.hold(actions.payer_of(account.user), "chat", spec, PROMPT)


def reported(input_tokens: int, output_tokens: int) -> actions.Settlement:
    return actions.Settlement(Usage(input_tokens, output_tokens), True, "stop")


def estimated(input_tokens: int, output_tokens: int) -> actions.Settlement:
    return actions.Settlement(Usage(input_tokens, output_tokens), False, "stopped")


def test_a_hold_is_an_upper_bound_with_the_prices_of_now(held, spec):
    ModelSpec.objects.update(input_price=99)
    held.refresh_from_db()
    assert held.state == State.HELD
    assert held.held_output_tokens == PROMPT.max_tokens
    assert held.held_input_tokens >= 4
    assert (held.input_price, held.output_price) == (2, 10)
    assert held.lease_expires_at is not None


def test_a_report_is_written_as_the_provider_gave_it_even_above_the_hold(held):
    assert actions.settle(held, reported(10_000, 20_000))
    held.refresh_from_db()
    assert (held.state, held.input_tokens, held.output_tokens) == (State.SETTLED, 10_000, 20_000)
    assert held.cost == Decimal("0.22")


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_an_estimate_never_exceeds_its_hold(tokens_in, tokens_out):
    account = actions.account_of(User.objects.get_or_create(email="payer@example.test")[0])
    provider, _ = Provider.objects.get_or_create(name="P", base_url="http://127.0.0.1:1/v1")
    spec, _ = ModelSpec.objects.get_or_create(provider=provider, name="m", label="M")
    record = actions.hold(actions.payer_of(account.user), "chat", spec, PROMPT)
    assert actions.settle(record, estimated(tokens_in, tokens_out))
    record.refresh_from_db()
    assert record.input_tokens == min(tokens_in, record.held_input_tokens)
    assert record.output_tokens == min(tokens_out, record.held_output_tokens)


@pytest.mark.parametrize("first", [actions.settle, actions.release])
@pytest.mark.parametrize("second", [actions.settle, actions.release])
def test_a_hold_is_closed_once(held, first, second):
    values = {actions.settle: reported(1, 2), actions.release: "unreached"}
    assert first(held, values[first])
    before = UsageRecord.objects.values().get()
    assert not second(held, values[second])
    assert UsageRecord.objects.values().get() == before


def test_a_released_hold_costs_nothing(held):
    actions.release(held, "rate_limit")
    held.refresh_from_db()
    assert (held.state, held.outcome, held.cost) == (State.RELEASED, "rate_limit", None)
    assert held.ended_at is not None


def test_a_model_without_a_price_costs_what_nobody_knows(account, spec):
    spec.output_price = None
    record = actions.hold(actions.payer_of(account.user), "chat", spec, PROMPT)
    actions.settle(record, reported(1, 2))
    record.refresh_from_db()
    assert record.cost is None


def test_holds_of_dead_processes_are_given_back_and_no_others(account, spec):
    payer = actions.payer_of(account.user)
    dead, alive, done = (actions.hold(payer, "title", spec, PROMPT) for _ in range(3))
    UsageRecord.objects.filter(pk=dead.pk).update(lease_expires_at=Now() - dt.timedelta(seconds=1))
    actions.settle(done, reported(1, 1))
    assert actions.release_expired_holds() == 1
    states = dict(UsageRecord.objects.values_list("pk", "state"))
    expected = {dead.pk: State.RELEASED, alive.pk: State.HELD, done.pk: State.SETTLED}
    assert states == {key: value.value for key, value in expected.items()}
    assert UsageRecord.objects.get(pk=dead.pk).outcome == "expired"
    assert actions.release_expired_holds() == 0


def test_an_account_is_made_once(account):
    assert actions.account_of(account.user) == account


def test_the_ledger_outlives_its_person(held, account):
    actions.settle(held, reported(1, 2))
    account.user.delete()
    held.refresh_from_db()
    assert (held.account_id, held.account.user) == (account.pk, None)


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"lease_expires_at": None}, "usage_held_has_a_lease"),
        ({"ended_at": Now()}, "usage_held_has_a_lease"),
        ({"state": "released"}, "usage_held_has_a_lease"),
        ({"state": "settled", "ended_at": Now(), "lease_expires_at": None}, "settled_is_counted"),
        (
            {
                "state": "settled",
                "ended_at": Now(),
                "lease_expires_at": None,
                "input_tokens": 1,
                "output_tokens": 101,
            },
            "usage_estimate_within_hold",
        ),
        ({"held_input_tokens": -1}, "held_input_tokens"),
    ],
)
def test_the_database_refuses_nonsense(held, fields, constraint):
    with pytest.raises(IntegrityError, match=constraint):
        UsageRecord.objects.filter(pk=held.pk).update(**fields)


class Backend:
    """Yields what it is given."""

    def __init__(self, *deltas: Delta) -> None:
        self.deltas = deltas

    async def stream(self, prompt, *, request_id):
        for delta in self.deltas:
            yield delta

    async def complete(self, prompt, *, request_id):
        return self.deltas[0]


async def written(held: UsageRecord, spec: ModelSpec, *deltas: Delta) -> MeteredCall:
    call = MeteredCall(held, spec, PROMPT, Backend(*deltas))
    async for _ in call.stream():
        pass
    return call


async def test_the_last_report_counts(held, spec):
    early, late = Delta(usage=Usage(5, 1)), Delta(usage=Usage(5, 9))
    call = await written(held, spec, Delta(text="a"), early, late)
    settlement = call.settlement("stop")
    assert settlement == actions.Settlement(Usage(5, 9), True, "stop", settlement.times)


async def test_what_was_written_without_a_report_is_estimated(held, spec):
    call = await written(held, spec, Delta(text="word " * 40))
    settlement = call.settlement("cut_stream")
    assert not settlement.is_reported
    assert settlement.usage.input_tokens == held.held_input_tokens
    assert 0 < settlement.usage.output_tokens <= 100


def test_a_call_that_never_reached_the_model_is_released(held, spec):
    MeteredCall(held, spec, PROMPT, Backend()).close("connection")
    held.refresh_from_db()
    assert (held.state, held.outcome) == (State.RELEASED, "connection")


class Hanging(Backend):
    async def stream(self, prompt, *, request_id):
        await asyncio.sleep(60)
        yield Delta()

    async def complete(self, prompt, *, request_id):
        await asyncio.sleep(60)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", ["stream", "complete"])
async def test_a_call_that_is_cut_off_may_have_cost_its_input(held, spec, way):
    call = MeteredCall(held, spec, PROMPT, Hanging())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await (anext(call.stream()) if way == "stream" else call.complete())
    await sync_to_async(call.close)("stopped")
    await held.arefresh_from_db()
    assert (held.state, held.is_reported) == (State.SETTLED, False)
    assert (held.input_tokens, held.output_tokens) == (held.held_input_tokens, 0)


@pytest.mark.django_db(transaction=True)
async def test_a_call_that_is_refused_costs_nothing(held, spec):
    class Refusing(Backend):
        async def stream(self, prompt, *, request_id):
            raise RateLimited
            yield

    call = MeteredCall(held, spec, PROMPT, Refusing())
    with pytest.raises(RateLimited):
        await anext(call.stream())
    await sync_to_async(call.close)("rate_limit")
    await held.arefresh_from_db()
    assert (held.state, held.cost) == (State.RELEASED, None)


def test_a_hold_outlives_the_longest_call_of_its_provider(account, spec):
    spec.provider.total_seconds = 7200
    held = actions.hold(actions.payer_of(account.user), "chat", spec, PROMPT)
    held.refresh_from_db()
    assert held.lease_expires_at - held.created_at > dt.timedelta(seconds=7200)
