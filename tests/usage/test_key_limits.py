"""The own limits of a key, counted in the ledger: exact, however many ask at once."""

import datetime as dt
import threading
from collections import Counter
from collections.abc import Callable

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now

from accounts.models import User
from providers.actions import add_model, add_provider, change_credential, store_credential
from providers.errors import RateLimited
from providers.models import Credential, ModelSpec
from providers.values import Prompt, Turn
from usage.actions import account_of, payer_of, release
from usage.key_limits import seconds_until_free
from usage.metered import MeteredCall, open_call
from usage.models import Account, UsageRecord

pytestmark = pytest.mark.django_db
PROMPT = Prompt(turns=(Turn("user", "How much is it?"),), max_tokens=100)
MANY = 10  # connections that the pool has beside the test


@pytest.fixture
def account() -> Account:
    return account_of(User.objects.create_user("payer@example.test", "x"))


@pytest.fixture
def spec() -> ModelSpec:
    return add_model(add_provider("P", "https://models.example.test/v1"), "m")


def key(spec: ModelSpec, name: str = "default", **settings) -> Credential:
    return store_credential(spec.provider, f"sk-{name}-0123456789abcdef", name=name, **settings)


@pytest.fixture
def begin(account, spec) -> Callable[[], MeteredCall]:
    """Open a call as a worker does: within a transaction of its own."""

    def open_one() -> MeteredCall:
        with transaction.atomic():
            return open_call(payer_of(account.user), "chat", spec, PROMPT)

    return open_one


def at_once(begin: Callable[[], MeteredCall], count: int = MANY) -> list[MeteredCall | RateLimited]:
    """Let so many threads, each with its own connection, open a call at the same moment."""
    barrier = threading.Barrier(count)
    results: list[MeteredCall | RateLimited] = []

    def open_one() -> None:
        connection.ensure_connection()
        barrier.wait(30)
        try:
            results.append(begin())
        except RateLimited as error:
            results.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=open_one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(results) == count
    return results


def opened(results: list[MeteredCall | RateLimited]) -> Counter[str]:
    calls = [each for each in results if isinstance(each, MeteredCall)]
    return Counter(each.record.credential.name for each in calls)


def held() -> int:
    return UsageRecord.objects.filter(state=UsageRecord.State.HELD).count()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("limit", ["max_streams", "requests_per_minute"])
def test_of_many_at_once_no_more_than_the_limit_pass(spec, begin, limit):
    key(spec, **{limit: 3})
    for _ in range(5):
        UsageRecord.objects.all().delete()
        assert opened(at_once(begin)) == {"default": 3}
        assert held() == 3


@pytest.mark.django_db(transaction=True)
def test_a_full_key_is_let_go_before_the_next_is_asked(account, spec):
    """Otherwise two that ask for two keys in different orders would wait for each other."""
    credential = key(spec, max_streams=1)
    free: list[bool] = []

    def look() -> None:
        with transaction.atomic():
            row = Credential.objects.select_for_update(skip_locked=True, no_key=True)
            free.append(row.filter(pk=credential.pk).exists())
        connection.close()

    def from_elsewhere() -> bool:
        thread = threading.Thread(target=look)
        thread.start()
        thread.join(30)
        return free.pop()

    with transaction.atomic():
        assert seconds_until_free(credential) == 0
        assert not from_elsewhere()  # the hold that follows is not yet written
        open_call(payer_of(account.user), "chat", spec, PROMPT)
    with transaction.atomic():
        assert seconds_until_free(credential) > 0
        assert from_elsewhere()


@pytest.mark.django_db(transaction=True)
def test_many_at_once_fill_one_key_after_the_other(spec, begin):
    """Keys of one priority are asked in any order, by everybody at the same moment."""
    for name in "abc":
        key(spec, name, max_streams=3)
    for _ in range(5):
        UsageRecord.objects.all().delete()
        assert opened(at_once(begin)) == {"a": 3, "b": 3, "c": 3}


@pytest.mark.django_db(transaction=True)
def test_a_call_that_ended_makes_room_again(spec, begin):
    key(spec, max_streams=1)
    call = begin()
    with pytest.raises(RateLimited) as refused:
        begin()
    assert 0 < refused.value.retry_after <= 2  # nobody knows when: look again soon
    release(call.record, "stop")
    assert begin().record.credential == call.record.credential


def test_the_wait_for_a_calls_a_minute_key_is_as_long_as_it_takes(spec, begin):
    key(spec, requests_per_minute=2)
    for age in (50, 40):
        record = begin().record
        made = Now() - dt.timedelta(seconds=age)
        UsageRecord.objects.filter(pk=record.pk).update(created_at=made)
    with pytest.raises(RateLimited) as refused:
        begin()
    assert refused.value.retry_after == pytest.approx(10, abs=2)
    UsageRecord.objects.update(created_at=Now() - dt.timedelta(seconds=61))
    begin()


def test_a_lowered_limit_waits_for_as_many_calls_as_are_too_many(spec, begin):
    credential = key(spec, requests_per_minute=3)
    for age in (50, 30, 20):
        made = Now() - dt.timedelta(seconds=age)
        UsageRecord.objects.filter(pk=begin().record.pk).update(created_at=made)
    change_credential(credential, requests_per_minute=2)
    with pytest.raises(RateLimited) as refused:
        begin()
    assert refused.value.retry_after == pytest.approx(30, abs=2)


def test_the_shortest_wait_of_all_keys_is_told(spec, begin):
    key(spec, "slow", requests_per_minute=1)
    key(spec, "busy", max_streams=1)
    begin(), begin()
    with pytest.raises(RateLimited) as refused:
        begin()
    assert refused.value.retry_after == 1


def test_both_limits_of_a_key_hold(spec, begin):
    key(spec, max_streams=1, requests_per_minute=2)
    for _ in range(2):
        release(begin().record, "stop")
    with pytest.raises(RateLimited) as refused:
        begin()
    assert refused.value.retry_after > 50


def test_a_full_key_gives_way_to_the_next_priority(spec, begin):
    key(spec, "first", max_streams=1)
    key(spec, "spare", priority=1)
    assert [begin().record.credential.name for _ in range(3)] == ["first", "spare", "spare"]


def test_the_calls_of_other_keys_do_not_count(spec, begin):
    key(spec, "first", priority=0)
    for _ in range(3):
        begin()
    Credential.objects.update(is_enabled=False)
    key(spec, "second", max_streams=1)
    begin()


def test_a_refused_call_leaves_no_hold(spec, begin):
    key(spec, max_streams=1)
    begin()
    with pytest.raises(RateLimited):
        begin()
    assert UsageRecord.objects.count() == 1
