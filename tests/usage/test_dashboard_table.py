"""The tables behind the pictures, for machines."""

import datetime as dt
from decimal import Decimal

from ops.sheets import lines
from usage.dashboard.table import rows_of_shares, rows_over_time
from usage.days import month_after
from usage.figures import Bar, Figures, Share

FIGURES = Figures(
    calls=3, errors=1, input_tokens=1234, output_tokens=5, cost=Decimal("0.0000000001"),
    latency_ms=200, timed=3,
)  # fmt: skip


def test_numbers_are_plain():
    head, row, empty = rows_over_time(
        [Bar(dt.date(2026, 1, 1), FIGURES), Bar(month_after(dt.date(2026, 1, 1)), Figures())]
    )
    cells = dict(zip(head, row, strict=True))
    assert (cells["start"], cells["input_tokens"], cells["calls"]) == ("2026-01-01", 1234, 3)
    assert cells["cost_usd"] == "0.0000000001"
    assert (cells["mean_latency_ms"], cells["mean_first_token_ms"]) == (66.667, None)
    assert dict(zip(head, empty, strict=True))["cost_usd"] == "0"


def test_names_are_no_formulas():
    head, row = rows_of_shares([Share("id", "=HYPERLINK(1)", FIGURES)])
    assert head[:2] == ["name", "id"]
    assert list(lines([row]))[1].startswith("'=HYPERLINK(1),id,3,")
