"""Holds and ends of one moment: one transaction, and each fails for itself only."""

import asyncio
import datetime as dt
import gc
import threading
import uuid
from decimal import Decimal

import psycopg_pool
import pytest
from channels.db import database_sync_to_async
from django.db import DataError, OperationalError, connection, transaction
from django.db.models.functions import Now

from accounts.actions import deactivate_user
from accounts.rights import RightsChanged, bump_rights, current_rights_version
from providers import errors
from providers.actions import add_model, add_provider, store_credential
from providers.models import ModelSpec
from providers.values import Prompt, Turn, Usage
from usage import actions, metered
from usage import group_commit as module
from usage.actions import payer_of, release_expired_holds, renew_holds
from usage.group_commit import GroupCommit, group_commit
from usage.limits import BOOKS, set_limits
from usage.locked import LockedLimits
from usage.metered import MeteredCall
from usage.models import Limit, Payer, UsageRecord
from usage.orders import Order

pytestmark = pytest.mark.django_db(transaction=True)
PROMPT = Prompt(turns=(Turn("user", "Say so."),), max_tokens=81)
in_thread = database_sync_to_async


@pytest.fixture
def spec() -> ModelSpec:
    provider = add_provider("P", "https://models.example.test/v1", secret="sk-0123456789abcdef")
    return add_model(provider, "m", input_price=Decimal(1), output_price=Decimal(1))


@pytest.fixture
def payer(owner) -> Payer:
    return payer_of(owner)


@pytest.fixture
def batches(monkeypatch) -> list[tuple[int, int]]:
    """How many rows each transaction closed, and how many it began."""
    seen: list[tuple[int, int]] = []
    real = module._write

    def write(endings, orders):
        seen.append((len(endings), len(orders)))
        return real(endings, orders)

    monkeypatch.setattr(module, "_write", write)
    return seen


def order(payer: Payer, spec: ModelSpec, prompt: Prompt = PROMPT, **more) -> Order:
    return Order(payer, "api", spec, prompt, **more)


async def open_all(commit: GroupCommit, orders: list[Order]) -> list[MeteredCall | BaseException]:
    return await asyncio.gather(*map(commit.open, orders), return_exceptions=True)


async def test_a_connection_left_within_a_transaction_is_not_used(payer, spec):
    """Whatever cut the end of an earlier transaction short, this one is whole."""

    def leave() -> None:
        connection.set_autocommit(False)

    module._thread().submit(leave).result(5)
    call = await GroupCommit().open(order(payer, spec))
    assert await in_thread(UsageRecord.objects.filter(pk=call.record.pk).exists)()


async def test_where_nothing_is_held_nothing_is_renewed(monkeypatch):
    monkeypatch.setattr(module, "_RENEWED_SECONDS", 0)
    monkeypatch.setattr(module, "_renew", lambda held: pytest.fail("renewed nothing"))

    class Emptied:
        """Held something when it was looked at, and nothing a moment later."""

        def __init__(self) -> None:
            self.looks = iter((True, False))

        def __bool__(self) -> bool:
            return next(self.looks)

        def __iter__(self):
            return iter(())

    await GroupCommit(_held=Emptied())._renew()


def ended(call: MeteredCall) -> MeteredCall:
    """Let the provider have said what it used."""
    call._may_cost, call.usage = True, Usage(10, 20)
    return call


def states() -> list[str]:
    return sorted(UsageRecord.objects.values_list("state", flat=True))


async def test_many_at_once_share_transactions(payer, spec, batches):
    await in_thread(set_limits)(spec, max_streams=100)
    commit = group_commit()
    calls = await open_all(commit, [order(payer, spec) for _ in range(40)])
    assert all(isinstance(call, MeteredCall) for call in calls)
    assert sum(begun for _, begun in batches) == 40
    assert len(batches) <= 3
    assert await in_thread(Limit.objects.values_list("open_calls", flat=True).get)() == 40
    for call in calls:
        commit.close(ended(call), "stop")
    await commit.written()
    assert sum(closed for closed, _ in batches) == 40
    assert len(batches) <= 6
    assert await in_thread(states)() == ["settled"] * 40
    limit = await in_thread(Limit.objects.get)()
    assert (limit.open_calls, limit.held) == (0, 0)


async def test_who_reaches_a_limit_hinders_none_of_its_neighbours(payer, spec, batches):
    await in_thread(set_limits)(spec, max_streams=3)
    found = await open_all(group_commit(), [order(payer, spec) for _ in range(8)])
    assert [type(each) for each in found].count(errors.StreamsLimited) == 5
    assert await in_thread(states)() == ["held"] * 3


async def test_one_that_cannot_be_written_fails_alone(payer, spec):
    nobody = Payer(uuid.uuid4(), None)  # no such account
    found = await open_all(
        group_commit(), [order(payer, spec), order(nobody, spec), order(payer, spec)]
    )
    assert [isinstance(each, MeteredCall) for each in found] == [True, False, True]
    assert await in_thread(states)() == ["held", "held"]


@pytest.fixture
def returned(monkeypatch) -> list[tuple[int, int]]:
    """How each connection was when it went back to the pool: within a pipeline, a transaction."""
    seen: list[tuple[int, int]] = []
    real = psycopg_pool.ConnectionPool.putconn

    def putconn(self, given):
        seen.append((given.pgconn.pipeline_status, given.pgconn.transaction_status))
        return real(self, given)

    monkeypatch.setattr(psycopg_pool.ConnectionPool, "putconn", putconn)
    return seen


async def test_a_number_too_large_fails_alone_on_a_connection_that_stays_clean(
    payer, spec, returned
):
    await in_thread(set_limits)(spec, max_streams=100)
    endless = Prompt(turns=PROMPT.turns, max_tokens=2**40)
    asked = [order(payer, spec), order(payer, spec, endless), order(payer, spec)]
    found = await open_all(group_commit(), asked)
    assert [type(each) for each in found] == [MeteredCall, DataError, MeteredCall]
    assert await in_thread(states)() == ["held", "held"]
    assert set(returned) == {(0, 0)}


async def test_what_fails_after_the_commit_writes_nothing_twice(payer, spec, monkeypatch):
    def rest_after(*_):
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")

    monkeypatch.setattr(metered, "rest_after", rest_after)
    commit = group_commit()
    failed = await commit.open(order(payer, spec))
    failed.error = errors.ConnectionFailed()
    commit.close(failed, "connection")
    await open_all(commit, [order(payer, spec) for _ in range(3)])
    await commit.written()
    assert await in_thread(states)() == ["held"] * 3 + ["released"]


async def test_a_key_that_just_failed_is_not_taken_from_memory(payer, spec):
    """Whoever began in the transaction that closed the failed call read the keys before."""
    await in_thread(store_credential)(spec.provider, "sk-9876543210fedcba", name="second")
    commit = group_commit()
    failed = await commit.open(order(payer, spec))
    failed.error = errors.AuthenticationFailed()
    commit.close(failed, "authentication")
    await commit.open(order(payer, spec))
    after = await open_all(commit, [order(payer, spec) for _ in range(20)])
    assert failed.record.credential_id not in {call.record.credential_id for call in after}


async def test_leases_wait_for_a_limit_that_is_being_set(payer, spec):
    """Both write the same rows, each in its own order."""
    call = await group_commit().open(order(payer, spec))

    def renew_meanwhile() -> bool:
        ids = [call.record.pk]
        renewing = threading.Thread(target=renew_and_leave, args=[ids])
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [BOOKS])
            renewing.start()
            renewing.join(0.3)
            waited = renewing.is_alive()
        renewing.join(10)
        return waited and not renewing.is_alive()

    assert await in_thread(renew_meanwhile)()


def renew_and_leave(ids: list[uuid.UUID]) -> None:
    renew_holds(ids, module.LEASE)
    connection.close()


async def test_call_after_call_fits_where_one_at_a_time_is_allowed(payer, spec, batches):
    await in_thread(set_limits)(spec, max_streams=1)
    commit = group_commit()
    for _ in range(10):
        commit.close(ended(await commit.open(order(payer, spec))), "stop")
    await commit.written()
    assert await in_thread(states)() == ["settled"] * 10
    assert len(batches) <= 11, "the end of each goes with the begin of the next"


async def test_who_leaves_before_it_begins_gives_its_hold_back(payer, spec):
    commit = group_commit()
    waiting = asyncio.ensure_future(commit.open(order(payer, spec)))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    for _ in range(200):
        await commit.written()
        if await in_thread(states)() == ["released"]:
            break
        await asyncio.sleep(0.02)
    row = await in_thread(UsageRecord.objects.get)()
    assert (row.state, row.outcome) == ("released", "never_called")


async def test_who_leaves_in_the_moment_it_begins_gives_its_hold_back(payer, spec, monkeypatch):
    """It was answered, and is gone before it sees the answer."""
    commit, real, waiting = group_commit(), GroupCommit._answer, []

    def answer(self, asked, found):
        real(self, asked, found)
        waiting[0].cancel()

    monkeypatch.setattr(GroupCommit, "_answer", answer)
    waiting.append(asyncio.ensure_future(commit.open(order(payer, spec))))
    with pytest.raises(asyncio.CancelledError):
        await waiting[0]
    await commit.written()
    row = await in_thread(UsageRecord.objects.get)()
    assert (row.state, row.outcome) == ("released", "never_called")


async def test_a_call_that_was_lost_is_not_kept_alive(payer, spec):
    commit = group_commit()
    calls = await open_all(commit, [order(payer, spec) for _ in range(2)])
    await asyncio.sleep(0.05)
    assert len(commit._held) == 2
    calls.pop()
    gc.collect()
    assert list(commit._held) == calls


async def test_all_that_ended_goes_before_what_begins(payer, spec, batches, admin):
    """However much it is: who has an answer may ask again."""
    one = await in_thread(payer_of)(admin)
    await in_thread(set_limits)(admin, max_streams=1)
    commit = group_commit()
    orders = [*(order(payer, spec) for _ in range(module._MOST + 5)), order(one, spec)]
    for call in await open_all(commit, orders):
        commit.close(ended(call), "stop")
    assert isinstance(await commit.open(order(one, spec)), MeteredCall)


async def test_texts_are_counted_before_anything_is_locked(payer, spec, monkeypatch):
    done, count, wait = [], actions.input_bound, LockedLimits.wait
    monkeypatch.setattr(actions, "input_bound", lambda *a: done.append("counted") or count(*a))
    monkeypatch.setattr(LockedLimits, "wait", lambda self: done.append("locked") or wait(self))
    await group_commit().open(order(payer, spec))
    assert done == ["counted", "locked"]


async def test_whose_rights_were_read_too_early_does_not_begin(payer, spec, owner):
    await in_thread(bump_rights_now)()
    version = await in_thread(current_rights_version)()
    commit = group_commit()
    await commit.open(order(payer, spec, rights=version))
    await in_thread(deactivate_user)(owner)
    old, unasked = await open_all(commit, [order(payer, spec, rights=version), order(payer, spec)])
    assert isinstance(old, RightsChanged)
    assert isinstance(unasked, MeteredCall)
    assert await in_thread(states)() == ["held", "held"]


@transaction.atomic
def bump_rights_now() -> None:
    bump_rights()


async def test_a_key_with_limits_of_its_own_takes_no_more_than_it_may(payer, spec):
    await in_thread(store_credential)(
        spec.provider, "sk-limited-0123456789", name="limited", max_streams=2
    )
    await in_thread(spec.provider.credentials.exclude(name="limited").delete)()
    found = await open_all(group_commit(), [order(payer, spec) for _ in range(6)])
    assert sum(isinstance(each, MeteredCall) for each in found) == 2
    assert sum(isinstance(each, errors.KeysBusy) for each in found) == 4


class TestADatabaseThatIsAway:
    @pytest.fixture(autouse=True)
    def _soon(self, monkeypatch):
        monkeypatch.setattr(module, "_AGAIN_SECONDS", 0.05)

    async def test_what_ended_is_written_when_it_is_back(self, payer, spec, monkeypatch):
        commit, real, failed = group_commit(), module._write, []
        call = await commit.open(order(payer, spec))

        def write(endings, orders):
            if len(failed) < 5:
                failed.append(1)
                raise OperationalError("the server closed the connection")
            return real(endings, orders)

        monkeypatch.setattr(module, "_write", write)
        done = commit.close(ended(call), "stop")
        await asyncio.wait_for(done, 5)
        assert len(failed) == 5
        assert await in_thread(states)() == ["settled"]

    @pytest.fixture
    def ours(self, payer) -> int:
        """The connection that the test itself needs afterwards."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            return cursor.fetchone()[0]

    async def test_connections_that_were_cut_lose_nothing(self, payer, spec, ours):
        commit = group_commit()
        calls = await open_all(commit, [order(payer, spec) for _ in range(5)])
        await in_thread(cut_all_connections)(ours)
        for call in calls:
            commit.close(ended(call), "stop")
        await commit.written()
        assert await in_thread(states)() == ["settled"] * 5

    async def test_who_begins_hears_of_it_and_waits_for_nobody(self, payer, spec, monkeypatch):
        def write(endings, orders):
            raise OperationalError("no connection")

        monkeypatch.setattr(module, "_write", write)
        found = await asyncio.wait_for(
            open_all(group_commit(), [order(payer, spec) for _ in range(5)]), 5
        )
        assert {type(each) for each in found} == {OperationalError}

    async def test_a_writer_that_breaks_leaves_nobody_waiting(self, payer, spec, monkeypatch):
        def together(endings, orders):
            raise RuntimeError("broken")

        monkeypatch.setattr(module, "_together", together)
        with pytest.raises(RuntimeError):
            await asyncio.wait_for(group_commit().open(order(payer, spec)), 5)


def cut_all_connections(but: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid NOT IN (pg_backend_pid(), %s)",
            [but],
        )


async def test_sums_of_a_batch_are_those_of_its_rows(payer, provider_of_odd_prices):
    """Each cost is rounded as its row keeps it, before it is added."""
    await in_thread(set_limits)(provider_of_odd_prices, total_budget=Decimal(1))
    commit = group_commit()
    calls = await open_all(commit, [order(payer, provider_of_odd_prices) for _ in range(30)])
    for number, call in enumerate(calls):
        call._may_cost, call.usage = True, Usage(7 + number, 13)
        commit.close(call, "stop")
    await commit.written()
    costs = await in_thread(lambda: list(UsageRecord.objects.values_list("cost", flat=True)))()
    limit = await in_thread(Limit.objects.get)()
    assert limit.total_spent == limit.day_spent == sum(costs)


@pytest.fixture
def provider_of_odd_prices() -> ModelSpec:
    provider = add_provider("Odd", "https://odd.example.test/v1")
    prices = {"input_price": Decimal("2.345679"), "output_price": Decimal("9.876543")}
    return add_model(provider, "odd", **prices)


async def test_a_call_under_way_keeps_its_hold_and_a_dead_process_s_is_given_back(
    payer, spec, monkeypatch
):
    monkeypatch.setattr(module, "_RENEWED_SECONDS", 0.05)
    commit = group_commit()
    lives, forgotten = await open_all(commit, [order(payer, spec) for _ in range(2)])
    commit._held.discard(forgotten)  # as if another process had it, which died
    await in_thread(let_leases_end)()
    await asyncio.sleep(0.5)
    assert await in_thread(release_expired_holds)() == 1
    await commit.close(ended(lives), "stop")
    rows = await in_thread(lambda: dict(UsageRecord.objects.values_list("pk", "outcome")))()
    assert rows == {lives.record.pk: "stop", forgotten.record.pk: "expired"}


def let_leases_end() -> None:
    UsageRecord.objects.update(lease_expires_at=Now() - dt.timedelta(seconds=1))


async def test_a_hold_is_for_two_minutes_at_a_time(payer, spec):
    call = await group_commit().open(order(payer, spec))
    row = await in_thread(UsageRecord.objects.get)()
    assert row.lease_expires_at - row.created_at == module.LEASE
    await group_commit().close(ended(call), "stop")
