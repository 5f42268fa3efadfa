"""The ledger's sums by the hour: made once of hours that cannot change any more."""

import datetime as dt
import random
import threading
from collections import Counter
from decimal import Decimal

import pytest
from celery import current_app
from django.db import OperationalError, connection, transaction
from django.db.models import Case, Count, Q, Sum, When
from django.db.models.functions import TruncHour
from django.utils import timezone

from accounts.api_keys import issue_key
from accounts.models import Team
from providers.actions import add_model, add_provider
from providers.models import ModelSpec
from providers.values import Prompt, Turn, Usage
from tests.threads import in_threads
from usage.actions import Settlement, hold, payer_of, release, settle
from usage.limits import set_limits
from usage.models import Account, HourlyUsage, UsageRecord
from usage.rollups import (
    HOUR,
    Sums,
    hour_of,
    roll_up,
    rolled_until,
    sums_of_all,
    sums_since,
)
from usage.standing import Moment, Window

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
    assert sums_since(None, Q()).cost == Decimal("0.00012")


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
    assert sums_since(began, Q()).cost == Decimal("0.00003")
    assert sums_since(began + dt.timedelta(seconds=1), Q()).cost == 0


def test_accounts_know_their_sums_and_add_what_came_since(owner, outsider, spec):
    for _ in range(3):
        called(owner, spec, 5 * HOUR)
    called(outsider, spec, 5 * HOUR)
    roll_up()
    called(owner, spec, dt.timedelta(0))
    account = Account.objects.get(user=owner)
    assert (account.calls, account.input_tokens, account.output_tokens) == (3, 30, 60)
    assert account.cost == Decimal("0.00009")
    assert sums_of_all(Q(user=owner)) == Sums(4, 40, 80, Decimal("0.00012"))
    assert sums_of_all(Q(user=outsider)).calls == 1
    assert sums_of_all(Q(user__email="nobody@example.test")) == Sums()


def test_a_first_budget_begins_with_all_that_was_spent(owner, spec):
    called(owner, spec, 5 * HOUR)
    roll_up()
    called(owner, spec, dt.timedelta(0))
    team = Team.objects.create(name="T")
    team.members.add(owner)
    for subject in (owner, team, spec):
        limit = set_limits(subject, total_budget=Decimal(1))
        assert limit.total_spent == Decimal("0.00006"), subject


def ledger_of(seed: int, owner, outsider, spec) -> dt.datetime:
    """Fill three days with calls of all kinds; returns when the first began."""
    dice, now = random.Random(seed), timezone.now()
    key = issue_key(owner, "k")[0]
    records = []
    for _ in range(200):
        at = now - dt.timedelta(seconds=dice.choice([0, 3599, 3600, dice.randrange(3 * 86_400)]))
        state = dice.choice(["settled", "settled", "released"])
        counts = {"input_tokens": dice.randrange(9), "output_tokens": dice.randrange(9)}
        records.append(
            UsageRecord(
                account=payer_account(dice.choice([owner, outsider])),
                key=dice.choice([key, None]), door=dice.choice(["chat", "api"]),
                model=spec, deployment=dice.choice([spec, None]), model_name="m",
                deployment_name="d", provider_name="p", state=state, held_input_tokens=9,
                held_output_tokens=9, created_at=at, ended_at=now,
                outcome=dice.choice(["stop", "connection", "interrupted"]),
                is_reported=dice.choice([True, False]), latency_ms=dice.choice([None, 7]),
                cost=dice.choice([None, Decimal(dice.randrange(10**9)) / 10**9]),
                **(counts if state == "settled" else {}),
            )
        )  # fmt: skip
    UsageRecord.objects.bulk_create(records)
    return min(record.created_at for record in records)


def payer_account(user) -> Account:
    return Account.objects.get(pk=payer_of(user).account_id)


GROUP = ("account", "key", "door", "model", "deployment")


def by_hour(rows) -> Counter:
    """What the sums of these rows of the ledger have to be."""
    named = rows.order_by().annotate(
        hour=TruncHour("created_at", tzinfo=dt.UTC),
        is_error=Case(When(outcome="stop", then=0), default=1),
        is_estimated=Case(When(state="settled", is_reported=False, then=1), default=0),
    )
    sums = named.values("hour", *GROUP).annotate(
        n=Count("pk"), errors=Sum("is_error"), estimated=Sum("is_estimated"),
        read=Sum("input_tokens", default=0), written=Sum("output_tokens", default=0),
        money=Sum("cost", default=Decimal(0)), timed=Count("latency_ms"),
    )  # fmt: skip
    return Counter(tuple(each.values()) for each in sums)


def added_up() -> Counter:
    return Counter(
        HourlyUsage.objects.values_list(
            "hour", *GROUP, "calls", "errors", "estimated", "input_tokens", "output_tokens",
            "cost", "timed",
        )
    )  # fmt: skip


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "America/St_Johns"])
@pytest.mark.parametrize("seed", range(4))
def test_the_sums_are_the_ledgers(owner, outsider, spec, settings, zone, seed):
    settings.TIME_ZONE = zone
    timezone.get_default_timezone.cache_clear()
    first = ledger_of(seed, owner, outsider, spec)
    while roll_up():
        pass
    until = rolled_until()
    assert until is not None
    rolled = UsageRecord.objects.filter(created_at__lt=until)
    assert 0 < rolled.count() < 200
    assert added_up() == by_hour(rolled)
    for account in Account.objects.all():
        everything = sums_of_all(Q(pk=account.pk))
        assert everything == whole(account.usage.all())
        assert (account.calls, account.cost) == (
            account.usage.filter(created_at__lt=until).count(),
            whole(account.usage.filter(created_at__lt=until)).cost,
        )
        moment = Moment(timezone.now())
        for since in (first, moment.begin_of(Window.DAY), until, until - HOUR / 3, None):
            rows = account.usage.filter(created_at__gte=since) if since else account.usage.all()
            assert sums_since(since, Q(account=account)) == whole(rows), since
    timezone.get_default_timezone.cache_clear()


def whole(rows) -> Sums:
    names = ("input_tokens", "output_tokens", "cost")
    sums = rows.aggregate(n=Count("pk"), **{f"{n}_": Sum(n, default=Decimal(0)) for n in names})
    read, written = int(sums["input_tokens_"]), int(sums["output_tokens_"])
    return Sums(sums["n"], read, written, sums["cost_"])


def test_many_hours_take_several_turns(owner, spec, monkeypatch):
    monkeypatch.setattr("usage.rollups.AT_ONCE", 2)
    called(owner, spec, 7 * HOUR)
    called(owner, spec, 3 * HOUR)
    turns = [roll_up() for _ in range(5)]
    assert turns[:2] == [2, 2]
    assert turns[-1] == 0
    assert sum(HourlyUsage.objects.values_list("calls", flat=True)) == 2


@pytest.mark.django_db(transaction=True)
def test_two_workers_add_up_each_hour_once(owner, outsider, spec, monkeypatch):
    monkeypatch.setattr("usage.rollups.AT_ONCE", 3)
    ledger_of(1, owner, outsider, spec)
    barrier = threading.Barrier(2)

    def work() -> int:
        barrier.wait()
        return sum(iter(roll_up, 0))

    hours = in_threads(work, work)
    assert all(hours)
    assert added_up() == by_hour(UsageRecord.objects.filter(created_at__lt=rolled_until()))


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_dies_in_the_middle_leaves_nothing_half_done(owner, outsider, spec):
    ledger_of(2, owner, outsider, spec)

    def dying() -> None:
        with transaction.atomic():
            assert roll_up() > 0
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(OperationalError):
        in_threads(dying)
    assert rolled_until() is None
    assert not HourlyUsage.objects.exists()
    assert not Account.objects.filter(calls__gt=0).exists()
    assert roll_up() > 0
    assert added_up() == by_hour(UsageRecord.objects.filter(created_at__lt=rolled_until()))


@pytest.mark.django_db(transaction=True)
def test_nobody_who_writes_waits_for_a_worker_that_adds_up(owner, spec):
    called(owner, spec, 5 * HOUR)
    with transaction.atomic():
        assert roll_up() > 0
        in_threads(lambda: called(owner, spec, dt.timedelta(0)))
        assert sums_of_all(Q(user=owner)).calls == 2
    assert sums_of_all(Q(user=owner)).calls == 2


def test_beat_lets_it_happen(settings, owner, spec):
    schedule = settings.CELERY_BEAT_SCHEDULE["roll-up"]
    assert schedule["schedule"] <= 300
    called(owner, spec, 5 * HOUR)
    current_app.loader.import_default_modules()
    current_app.tasks[schedule["task"]].apply().get()
    assert HourlyUsage.objects.exists()
