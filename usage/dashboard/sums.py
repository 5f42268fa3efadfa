"""What calls came to in a period, by time and by whom: exactly what the ledger has."""

from collections.abc import Callable, Iterable
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Max, Q, Value
from django.utils.translation import gettext

from usage.dashboard.kind import COLUMNS, Kind
from usage.dashboard.named import labels_of
from usage.dashboard.period import Period
from usage.dashboard.sources import Source, sources
from usage.figures import NAMES, Bar, Figures, Share

_UNNAMED = Value("")
_ADDED = ", ".join(
    f"coalesce(sum(all_{name}), 0){'' if name == 'cost' else '::bigint'}" for name in NAMES
)
_BARS = f"SELECT part, {_ADDED} FROM (%s) AS parts GROUP BY part"  # noqa: S608
# The largest parts; before them all together, as a part of its own.
_PARTS = (
    f"SELECT grouping(part), part::text, max(name), {_ADDED} FROM (%s) AS parts"  # noqa: S608
    " GROUP BY GROUPING SETS ((), (part))"
    " ORDER BY grouping(part) DESC, coalesce(sum(all_cost), 0) DESC, sum(all_calls) DESC, part"
    " LIMIT %%s"
)


def over_time(period: Period, mine: Q) -> list[Bar]:
    """Return what the calls that `mine` describes came to in each day or month of the period."""
    rows = _fetched(
        _BARS,
        sources(period, mine, None, by_day=period.by == "day"),
        lambda source: source.bar,
    )
    found = {part: Figures(*figures) for part, *figures in rows}
    starts = enumerate(period.starts(), start=1)
    return [Bar(start, found.get(n, Figures())) for n, start in starts]


def total(period: Period, mine: Q) -> Figures:
    """Return what the calls that `mine` describes came to in the whole period."""
    rows = _fetched(_BARS, sources(period, mine, None), lambda _source: Value(0))
    return Figures(*rows[0][1:]) if rows else Figures()


def shares(period: Period, mine: Q, kind: Kind, most: int = 50) -> tuple[list[Share], Share | None]:
    """Return the largest parts, by spend and then by calls, and the others as one, if any.

    Together they are the total; only of teams they are more, since somebody in two teams counts in
    both. People who are in none now are one row.
    """
    part = F(COLUMNS[kind])
    name = Max("model_name") if kind is Kind.MODEL else _UNNAMED
    found = _fetched(_PARTS, sources(period, mine, kind), lambda _source: part, name, most + 1)
    (_, _, _, *whole), *rows = found
    labels = labels_of(kind, {value or "": name for _, value, name, *_ in rows})
    parts = [
        Share(value or "", labels[value or ""], Figures(*figures)) for _, value, _, *figures in rows
    ]
    rest = Figures(*whole) - sum((share.figures for share in parts), Figures())
    return parts, Share("", gettext("others"), rest) if rest.calls else None


def _fetched(
    sql: str,
    found: Iterable[Source],
    part: Callable[[Source], Any],
    name: Any = _UNNAMED,
    *values: Any,
) -> list[Any]:
    """Return the rows of `sql` over the sources, each put together by its `part`."""
    first, *others = [
        source.rows.annotate(part=part(source)).values("part").annotate(name=name, **source.sums)
        for source in found
    ]
    inner, given = first.union(*others, all=True).query.sql_with_params()
    with transaction.atomic(), connection.cursor() as cursor:
        # What is read best depends on whose calls are asked for, and since when.
        cursor.execute("SET LOCAL plan_cache_mode = force_custom_plan")
        cursor.execute(sql % inner, [*given, *values])
        return cursor.fetchall()
