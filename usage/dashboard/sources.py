"""From which rows the calls of a period are added up: as few as tell what is asked.

Months and days that are added up, then the hours since, then the ledger itself. None of the sums
changes once it is written. Up to when each is there is read first and then given to the one
statement that reads them all: however far the ledger is added up meanwhile, no call is missed or
counted twice.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db.models import (
    Count,
    DateField,
    DateTimeField,
    Func,
    IntegerField,
    Q,
    QuerySet,
    Sum,
    Value,
)

from usage.dashboard.kind import COLUMNS, Kind
from usage.dashboard.period import Period
from usage.days import begin_of, month_after
from usage.figures import NAMES
from usage.models import Calendar, HourlyUsage, SpanUsage, UsageRecord
from usage.models.record import WELL
from usage.rollups import rolled_until

_SUMS = {f"all_{name}": Sum(name) for name in NAMES}
_ENDED, _SETTLED = ~Q(state="held"), Q(state="settled")
# As `usage.rollups` adds them up; only held calls are not there yet.
_COUNTS = _SUMS | {
    "all_calls": Count("*"),
    "all_errors": Count("pk", filter=_ENDED & ~Q(outcome__in=WELL)),
    "all_estimated": Count("pk", filter=_SETTLED & Q(is_reported=False)),
    "all_unpriced": Count("pk", filter=_SETTLED & Q(cost=None)),
    "all_timed": Count("latency_ms"),
    "all_first_tokens": Count("first_token_ms"),
}


@dataclass(frozen=True, slots=True)
class Source:
    """Rows, in which bar of the period each of them is (from 1), and how they are added up."""

    rows: QuerySet[Any]
    bar: Func
    sums: dict[str, Any]


def sources(
    period: Period, mine: Q, kind: Kind | None, *, by_day: bool = False
) -> Iterator[Source]:
    """Yield what together holds each call of the period that `mine` describes once.

    Rows tell apart values of `kind`; bars of a day each only where `by_day` says so.
    """
    # In this order: hours are added up before their days.
    calendar = Calendar.objects.filter(time_zone=settings.TIME_ZONE).first()
    rolled = rolled_until()
    hours = period.hours()
    begins, end = hours[:-1], hours[-1]
    since = begins[0]
    if calendar and period.first < calendar.until:
        last = min(period.end, calendar.until)
        mine_here = mine & Q(calendar=calendar, told=_told(mine, kind))
        # Each for itself: an index leads to the rows of one unit from one day to another.
        for span in _days(period.first, last) if by_day else _months(period.first, last):
            sums = SpanUsage.objects.filter(mine_here, span)
            yield Source(sums, _bar("start", DateField(), period.starts()), _SUMS)
        since = begin_of(last)
    if rolled and since < min(end, rolled):
        of_hours = HourlyUsage.objects.filter(mine, hour__gte=since, hour__lt=min(end, rolled))
        yield Source(of_hours, _bar("hour", DateTimeField(), begins), _SUMS)
        since = min(end, rolled)
    if since < end:
        calls = UsageRecord.objects.filter(mine, created_at__gte=since, created_at__lt=end)
        yield Source(calls, _bar("created_at", DateTimeField(), begins), _COUNTS)


def _bar(time: str, field: Any, begins: list[Any]) -> Func:
    places = Value(begins, ArrayField(field))
    return Func(time, places, function="width_bucket", output_field=IntegerField())


def _days(first: dt.date, end: dt.date) -> list[Q]:
    return [Q(unit=SpanUsage.Unit.DAY, start__gte=first, start__lt=end)] if first < end else []


def _months(first: dt.date, end: dt.date) -> list[Q]:
    """Describe the whole months before `end`, and the days before and after them."""
    month = first if first.day == 1 else month_after(first)
    last = end.replace(day=1)
    if month >= last:
        return _days(first, end)
    months = Q(unit=SpanUsage.Unit.MONTH, start__gte=month, start__lt=last)
    return [months, *_days(first, month), *_days(last, end)]


_TOLD = {
    SpanUsage.Told.PROVIDER: {"provider_name", "door"},
    SpanUsage.Told.MODEL: {"model", "provider_name", "door"},
    SpanUsage.Told.KEY: {"key", "door"},
    SpanUsage.Told.PERSON: {"account"},
    SpanUsage.Told.DOOR: {"account", "door"},
}


def _told(mine: Q, kind: Kind | None) -> SpanUsage.Told:
    """Return the kind of rows, the fewest there are, that have all columns which are asked for."""
    asked = set(_columns(mine)) | ({_column(COLUMNS[kind])} if kind else set())
    return next((told for told, columns in _TOLD.items() if asked <= columns), SpanUsage.Told.EVERY)


def _columns(rows: Q) -> Iterator[str]:
    for child in rows.children:
        if isinstance(child, Q):
            yield from _columns(child)
        else:
            yield _column(child[0]) if isinstance(child, tuple) else "any"


def _column(lookup: str) -> str:
    column = lookup.split("__")[0]
    return column if column == "provider_name" else column.removesuffix("_id")
