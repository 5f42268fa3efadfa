"""Limits while others begin, end and change things: each moment that matters, one by one.

What two hundred callers do at once is in `tests/faults/test_last_cent.py`.
"""

import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Team
from providers import errors
from providers.actions import add_model, add_provider
from providers.models import ModelSpec
from providers.values import Prompt, Turn, Usage
from usage.actions import Settlement, hold, payer_of, release, settle
from usage.limits import set_limits
from usage.models import Limit, Payer, UsageRecord

pytestmark = pytest.mark.django_db(transaction=True)
PROMPT = Prompt(turns=(Turn("user", "Say so."),), max_tokens=81)
COST = Decimal("0.00003")


@pytest.fixture
def spec() -> ModelSpec:
    provider = add_provider("P", "https://models.example.test/v1")
    return add_model(provider, "m", input_price=Decimal(1), output_price=Decimal(1))


@pytest.fixture
def team(owner) -> Team:
    team = Team.objects.create(name="Sales")
    team.members.add(owner)
    return team


@pytest.fixture
def payer(owner) -> Payer:
    return payer_of(owner)


def begin(payer: Payer, spec: ModelSpec) -> UsageRecord:
    with transaction.atomic():
        return hold(payer, "chat", spec, PROMPT)


def finish(record: UsageRecord) -> None:
    assert settle(record, Settlement(Usage(10, 20), True, "stop"))


@contextmanager
def waiting(act: Callable[[], object]):
    """Let somebody else do `act`, who waits for what this process has locked, until the end."""
    results: list[object] = []

    def run() -> None:
        try:
            results.append(act())
        except Exception as error:
            results.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    with transaction.atomic():
        yield thread, results
        thread.join(0.5)
        assert thread.is_alive(), f"did not wait: {results}"
    thread.join(30)
    assert not thread.is_alive()


@pytest.mark.parametrize("whose", ["owner", "team", "spec"])
@pytest.mark.parametrize("end", [finish, lambda record: release(record, "connection")])
def test_a_first_limit_waits_for_a_call_that_is_just_being_closed(
    request, owner, team, payer, spec, whose, end
):
    subject = request.getfixturevalue(whose)
    record, under_way = begin(payer, spec), begin(payer, spec)
    with waiting(lambda: set_limits(subject, total_budget=Decimal(1))) as (thread, results):
        end(record)
        thread.start()
    limit = Limit.objects.get()
    assert results == [limit]
    assert (limit.open_calls, limit.held) == (1, under_way.held_cost)
    assert limit.total_spent == (COST if end is finish else 0)
    finish(under_way)
    assert (Limit.objects.get().open_calls, Limit.objects.get().held) == (0, 0)


def test_a_first_limit_waits_for_a_call_that_is_just_beginning(owner, payer, spec):
    with waiting(lambda: set_limits(owner, max_streams=1)) as (thread, _):
        hold(payer, "chat", spec, PROMPT)
        thread.start()
    assert Limit.objects.get().open_calls == 1
    with pytest.raises(errors.StreamsLimited):
        begin(payer, spec)


def test_a_call_waits_for_a_limit_that_is_just_being_set(owner, payer, spec):
    with waiting(lambda: begin(payer, spec)) as (thread, results):
        set_limits(owner, max_streams=0)
        thread.start()
    assert [type(each) for each in results] == [errors.StreamsLimited]


def test_a_changed_limit_keeps_what_was_counted_meanwhile(owner, payer, spec):
    set_limits(owner, total_budget=Decimal(1))
    record = begin(payer, spec)
    with waiting(lambda: set_limits(owner, total_budget=Decimal(2))) as (thread, _):
        finish(record)
        thread.start()
    limit = Limit.objects.get()
    assert (limit.total_budget, limit.total_spent) == (2, COST)
    assert (limit.open_calls, limit.held) == (0, 0)


@pytest.mark.parametrize(
    ("most", "error"),
    [
        ({"max_streams": 1}, errors.StreamsLimited),
        ({"requests_per_minute": 1}, errors.RequestsLimited),
        ({"tokens_per_minute": 150}, errors.TokensLimited),
        ({"day_budget": Decimal("0.0001")}, errors.BudgetHeld),
    ],
)
def test_who_waits_while_another_takes_the_last_is_told_what_was_taken(
    owner, team, payer, spec, most, error
):
    set_limits(owner, **most)
    set_limits(team, max_streams=9)
    with waiting(lambda: begin(payer, spec)) as (thread, results):
        hold(payer, "chat", spec, PROMPT)
        thread.start()
    assert [type(each) for each in results] == [error]
    assert set(Limit.objects.values_list("open_calls", flat=True)) == {1}


def test_who_waits_is_counted_by_the_clock_after_the_wait(owner, team, payer, spec):
    set_limits(owner, requests_per_minute=9)
    set_limits(team, requests_per_minute=9)
    with waiting(lambda: begin(payer, spec)) as (thread, results):
        list(Limit.objects.filter(team=team).select_for_update())
        thread.start()
        time.sleep(1)
        released_at = timezone.now()
    assert results[0].created_at > released_at


def test_a_limit_that_is_just_being_deleted_does_not_limit(owner, team, payer, spec):
    set_limits(owner, max_streams=9)
    set_limits(team, max_streams=5)
    with waiting(lambda: begin(payer, spec)) as (thread, results):
        Limit.objects.filter(user=owner).delete()
        thread.start()
    assert [record.limits for record in results] == [[Limit.objects.get().pk]]
    assert Limit.objects.get().open_calls == 1


def test_a_limit_that_was_deleted_and_set_again_counts_calls_under_way_once(owner, payer, spec):
    set_limits(owner, total_budget=Decimal(1))
    record = begin(payer, spec)
    Limit.objects.all().delete()
    limit = set_limits(owner, total_budget=Decimal(1))
    assert (limit.open_calls, limit.held) == (1, record.held_cost)
    finish(record)
    limit.refresh_from_db()
    assert (limit.open_calls, limit.held, limit.total_spent) == (0, 0, COST)
