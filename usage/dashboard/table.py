"""The tables behind the pictures, as a spreadsheet reads them: see `ops.sheets`."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from usage.figures import NAMES, Bar, Figures, Share


def rows_over_time(bars: Iterable[Bar]) -> list[list[Any]]:
    """Return a head and a row for each day or month: the ISO date that it begins with first."""
    rows = [[bar.start.isoformat(), *_cells(bar.figures)] for bar in bars]
    return [["start", *_HEAD], *rows]


def rows_of_shares(shares: Iterable[Share]) -> list[list[Any]]:
    """Return a head and a row for each share: its name and the id that it is asked for by first."""
    rows = [[share.label, share.value, *_cells(share.figures)] for share in shares]
    return [["name", "id", *_HEAD], *rows]


_MEANS = ["mean_latency_ms", "mean_first_token_ms"]
# For programs: never translated.
_HEAD = [{"cost": "cost_usd"}.get(name, name) for name in NAMES] + _MEANS


def _cells(figures: Figures) -> list[Any]:
    """Return numbers for machines: costs in full, times in milliseconds, no mean of nothing."""
    return [_number(getattr(figures, name)) for name in NAMES + _MEANS]


def _number(value: Decimal | float | int | None) -> str | float | int | None:
    if isinstance(value, Decimal):
        return format(value, "f")
    return round(value, 3) if isinstance(value, float) else value
