"""The ledger's sums by the day and the month: made once of what is over, of one time zone."""

import threading

import pytest
from celery import current_app
from django.db import OperationalError, connection, transaction
from django.db.models import Q, Sum
from django.utils import timezone

from tests.threads import in_threads
from tests.usage.ledgers import record, seeded
from usage.actions import payer_of
from usage.dashboard.kind import Kind
from usage.dashboard.period import Period, last_days
from usage.dashboard.sums import over_time, shares, total
from usage.days import DAY, add_up_days, begin_of
from usage.figures import NAMES, Figures
from usage.models import Calendar, HourlyUsage, SpanUsage
from usage.rollups import HOUR, roll_up, rolled_until

pytestmark = pytest.mark.django_db
Unit, Told = SpanUsage.Unit, SpanUsage.Told


@pytest.fixture
def zone(settings):
    """Set a time zone by its name."""

    def set_zone(name: str) -> None:
        settings.TIME_ZONE = name
        timezone.get_default_timezone.cache_clear()

    yield set_zone
    timezone.get_default_timezone.cache_clear()


@pytest.fixture
def calls(owner, outsider) -> list:
    """Four months of calls, their hours added up."""
    accounts = [payer_of(user).account_id for user in (owner, outsider)]
    now = timezone.now()
    times = [now - n * 7 * HOUR for n in range(400)]
    found = seeded(1, times, 300, account_id=accounts, door=["chat", "api"])
    while roll_up():
        pass
    return found


def of(rows) -> Figures:
    return Figures(*rows.aggregate(**{name: Sum(name, default=0) for name in NAMES}).values())


def test_each_call_is_in_a_row_of_each_kind(calls):
    while add_up_days():
        pass
    until = Calendar.objects.get().until
    assert begin_of(until) <= rolled_until() < begin_of(until + DAY)
    wanted = of(HourlyUsage.objects.filter(hour__lt=begin_of(until)))
    whole_months = of(HourlyUsage.objects.filter(hour__lt=begin_of(until.replace(day=1))))
    for told in Told:
        rows = SpanUsage.objects.filter(told=told)
        assert of(rows.filter(unit=Unit.DAY)) == wanted
        assert of(rows.filter(unit=Unit.MONTH)) == whole_months
        assert not rows.filter(unit=Unit.MONTH).exclude(start__day=1).exists()
    people = SpanUsage.objects.filter(told=Told.PERSON)
    assert set(people.values_list("door", "model_name", "key", "model")) == {("", "", None, None)}


def test_one_turn_is_no_more_than_a_month_and_nothing_is_made_twice(calls):
    turns = list(iter(add_up_days, 0))
    assert max(turns) <= 31
    assert len(turns) >= 4
    before = SpanUsage.objects.count()
    assert add_up_days() == 0
    assert SpanUsage.objects.count() == before


def test_before_any_hour_is_added_up_there_is_no_day(owner):
    record(timezone.now(), account_id=payer_of(owner).account_id).save()
    assert add_up_days() == 0
    assert not Calendar.objects.exists()


def test_a_house_without_calls_has_days_without_rows(owner):
    roll_up()
    assert add_up_days() == 0
    assert Calendar.objects.count() == 1


def test_another_time_zone_has_its_own_days_and_the_former_go_when_they_are_made(calls, zone):
    zone("Asia/Kolkata")
    while add_up_days():
        pass
    zone("Europe/Paris")
    period = last_days(60)
    bars, parts = over_time(period, Q()), shares(period, Q(), Kind.PERSON)
    whole = total(period, Q())
    assert sum((bar.figures for bar in bars), Figures()) == whole
    while add_up_days():
        zones = set(Calendar.objects.values_list("time_zone", flat=True))
        assert zones == {"Asia/Kolkata", "Europe/Paris"}
        assert (over_time(period, Q()), shares(period, Q(), Kind.PERSON)) == (bars, parts)
    assert list(Calendar.objects.values_list("time_zone", flat=True)) == ["Europe/Paris"]
    assert set(SpanUsage.objects.values_list("calendar__time_zone", flat=True)) == {"Europe/Paris"}
    assert (over_time(period, Q()), shares(period, Q(), Kind.PERSON)) == (bars, parts)


def test_whole_months_are_read_as_such(calls):
    while add_up_days():
        pass
    first = Calendar.objects.get().until.replace(day=1)
    former = (first - DAY).replace(day=1)
    whole, part = Period(former, first - DAY), Period(former + DAY, first - DAY)
    before = total(whole, Q())
    assert before.calls
    SpanUsage.objects.filter(unit=Unit.DAY, start__lt=first).delete()
    assert total(whole, Q()) == before
    assert total(part, Q()) == Figures()
    SpanUsage.objects.filter(unit=Unit.MONTH).delete()
    assert total(whole, Q()) == Figures()


@pytest.mark.django_db(transaction=True)
def test_two_workers_add_up_each_day_once(calls):
    barrier = threading.Barrier(2)

    def work() -> int:
        barrier.wait()
        return sum(iter(add_up_days, 0))

    in_threads(work, work)
    until = Calendar.objects.get().until
    wanted = of(HourlyUsage.objects.filter(hour__lt=begin_of(until)))
    for told in Told:
        assert of(SpanUsage.objects.filter(told=told, unit=Unit.DAY)) == wanted


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_dies_in_the_middle_leaves_nothing_half_done(calls):
    whole = total(last_days(90), Q())

    def dying() -> None:
        with transaction.atomic():
            assert add_up_days() > 0
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(OperationalError):
        in_threads(dying)
    assert not SpanUsage.objects.exists()
    assert total(last_days(90), Q()) == whole
    assert add_up_days() > 0
    assert total(last_days(90), Q()) == whole


@pytest.mark.django_db(transaction=True)
def test_readers_miss_nothing_while_workers_add_up(owner, outsider):
    accounts = [payer_of(user).account_id for user in (owner, outsider)]
    now = timezone.now()
    calls = seeded(3, [now - n * 5 * HOUR for n in range(600)], 400, account_id=accounts)
    done = threading.Event()

    def work() -> None:
        while roll_up() or add_up_days():
            pass
        done.set()

    def read() -> set[int]:
        found = set()
        while True:
            found.add(total(last_days(200), Q()).calls)
            found.add(sum(bar.figures.calls for bar in over_time(last_days(200), Q())))
            if done.is_set():
                return found

    _, *found = in_threads(work, read, read)
    assert set().union(*found) == {len(calls)}


def test_beat_lets_it_happen(calls, settings):
    current_app.loader.import_default_modules()
    current_app.tasks[settings.CELERY_BEAT_SCHEDULE["roll-up"]["task"]].apply().get()
    assert SpanUsage.objects.exists()
