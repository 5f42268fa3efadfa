"""What calls came to in a period, by time and by whom: exactly what the ledger has.

The hours that are added up are read from their sums, what follows from the ledger itself. The
hour between the two is read first and then given to one statement for both: sums of hours before
it never change, and the ledger's rows stay. However far the ledger is added up meanwhile, no call
is missed or counted twice.
"""

from collections.abc import Callable, Iterator
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection, transaction
from django.db.models import (
    Count,
    DateTimeField,
    Func,
    IntegerField,
    Max,
    Q,
    QuerySet,
    Sum,
    TextField,
    Value,
)
from django.db.models.functions import Cast
from django.utils.translation import gettext

from usage.dashboard.figures import NAMES, Bar, Figures, Share
from usage.dashboard.kind import COLUMNS, Kind
from usage.dashboard.named import labels_of
from usage.dashboard.period import Period
from usage.models import HourlyUsage, UsageRecord
from usage.models.record import WELL
from usage.rollups import rolled_until

__all__ = ["Bar", "Figures", "Share", "over_time", "shares", "total"]

_UNNAMED = Value("")
_ENDED = ~Q(state="held")
_SETTLED = Q(state="settled")
_OF_HOURS = {f"all_{name}": Sum(name) for name in NAMES}
# As `usage.rollups` adds them up; only held calls are not there yet.
_OF_CALLS = _OF_HOURS | {
    "all_calls": Count("*"),
    "all_errors": Count("pk", filter=_ENDED & ~Q(outcome__in=WELL)),
    "all_estimated": Count("pk", filter=_SETTLED & Q(is_reported=False)),
    "all_unpriced": Count("pk", filter=_SETTLED & Q(cost=None)),
    "all_timed": Count("latency_ms"),
    "all_first_tokens": Count("first_token_ms"),
}
_ADDED = ", ".join(
    f"coalesce(sum(all_{name}), 0){'' if name == 'cost' else '::bigint'}" for name in NAMES
)
_BARS = f"SELECT part, {_ADDED} FROM (%s) AS parts GROUP BY part"  # noqa: S608
# The largest parts; before them all together, as a part of its own.
_PARTS = (
    f"SELECT grouping(part), part, max(name), {_ADDED} FROM (%s) AS parts"  # noqa: S608
    " GROUP BY GROUPING SETS ((), (part))"
    " ORDER BY grouping(part) DESC, coalesce(sum(all_cost), 0) DESC, sum(all_calls) DESC, part"
    " LIMIT %%s"
)


def over_time(period: Period, mine: Q) -> list[Bar]:
    """Return what the calls that `mine` describes came to in each day or month of the period."""
    begins = Value(period.hours()[:-1], ArrayField(DateTimeField()))

    def bar(time: str) -> Func:
        return Func(time, begins, function="width_bucket", output_field=IntegerField())

    rows = _fetched(_BARS, period, mine, bar, _UNNAMED)
    found = {part: Figures(*figures) for part, *figures in rows}
    starts = enumerate(period.starts(), start=1)
    return [Bar(start, found.get(n, Figures())) for n, start in starts]


def total(period: Period, mine: Q) -> Figures:
    """Return what the calls that `mine` describes came to in the whole period."""
    rows = _fetched(_BARS, period, mine, lambda _time: Value(0), _UNNAMED)
    return Figures(*rows[0][1:]) if rows else Figures()


def shares(period: Period, mine: Q, kind: Kind, most: int = 50) -> tuple[list[Share], Share | None]:
    """Return the largest parts, by spend and then by calls, and the others as one, if any.

    Together they are the total; only of teams they are more, since somebody in two teams counts in
    both. People who are in none now are one row.
    """
    part = Cast(COLUMNS[kind], TextField())
    name = Max("model_name") if kind is Kind.MODEL else _UNNAMED
    (_, _, _, *whole), *rows = _fetched(_PARTS, period, mine, lambda _time: part, name, most + 1)
    names = {value or "": name for _, value, name, *_ in rows}
    labels = labels_of(kind, names)
    found = [
        Share(value or "", labels[value or ""], Figures(*figures)) for _, value, _, *figures in rows
    ]
    rest = sum((share.figures for share in found), Figures())
    rest = Figures(*whole) - rest
    return found, Share("", gettext("others"), rest) if rest.calls else None


def _fetched(
    sql: str,
    period: Period,
    mine: Q,
    part: Callable[[str], Any],
    name: Any,
    *values: Any,
) -> list[Any]:
    """Return the rows of `sql` over the parts of the sums and of the ledger's tail.

    `part` makes what they are put together by from the name of the column of time.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        # What is read best depends on whose calls are asked for, and since when.
        cursor.execute("SET LOCAL plan_cache_mode = force_custom_plan")
        parts = [
            each.annotate(part=part(time)).values("part").annotate(name=name, **sums)
            for each, time, sums in _sources(period, mine)
        ]
        inner, given = parts[0].union(*parts[1:], all=True).query.sql_with_params()
        cursor.execute(sql % inner, [*given, *values])
        return cursor.fetchall()


def _sources(period: Period, mine: Q) -> Iterator[tuple[QuerySet[Any], str, dict[str, Any]]]:
    """Yield rows, the name of their column of time, and how they are added up."""
    first, *_, end = period.hours()
    until = rolled_until() or first
    if first < until:
        hours = HourlyUsage.objects.filter(mine, hour__gte=first, hour__lt=min(end, until))
        yield hours, "hour", _OF_HOURS
    if until < end:
        since = max(first, until)
        calls = UsageRecord.objects.filter(mine, created_at__gte=since, created_at__lt=end)
        yield calls, "created_at", _OF_CALLS
