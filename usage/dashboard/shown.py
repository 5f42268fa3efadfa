"""The figures as the tables of a page show them."""

from collections.abc import Sequence
from dataclasses import dataclass

from usage.dashboard.asked import Asked
from usage.dashboard.charts import name_of
from usage.dashboard.measures import MEASURES, NOTHING, decimals_of
from usage.figures import Bar, Figures, Share
from usage.numbers import dollars, percent


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: its name and its cells, one for each measure."""

    name: str
    cells: list[str]


@dataclass(frozen=True, slots=True)
class ShareRow:
    """One model's, person's … row. `width` is its share in percent, as a length and as a number.

    `href` leads to its own figures, `ledger` to its calls; `None` where nothing does.
    """

    name: str
    cells: list[str]
    width: str
    share: str
    href: str | None = None
    ledger: str | None = None


def rows_of_bars(bars: Sequence[Bar], by: str, total: Figures) -> list[Row]:
    """Return the days or months, the newest first."""
    return [Row(name_of(bar.start, by), _cells(bar.figures, total)) for bar in reversed(bars)]


def rows_of_shares(
    shares: Sequence[Share], others: Share | None, asked: Asked, total: Figures, ledger: bool
) -> list[ShareRow]:
    """Return the parts as `usage.dashboard.sums.shares` has them; with `ledger` they lead there."""
    rows = []
    for share in shares:
        href = asked.only(share.value) if share.value else None
        calls = asked.in_ledger(share.value) if ledger and share.value else None
        rows.append(_row(share.label, share.figures, total, href, calls))
    if others:
        rows.append(_row(others.label, others.figures, total))
    return rows


def _cells(figures: Figures, total: Figures) -> list[str]:
    """Write each measure; dollars with as many decimals in each row of a table."""
    if not figures.calls:
        return [NOTHING] * len(MEASURES)
    spend = dollars(figures.cost, decimals_of(total.cost)) if figures.cost else NOTHING
    return [spend, *(measure.text(figures) for measure in MEASURES[1:])]


def _row(
    name: str, figures: Figures, total: Figures, href: str | None = None, ledger: str | None = None
) -> ShareRow:
    share = _share(figures, total)
    width = f"{100 * share:.2f}%"
    return ShareRow(name, _cells(figures, total), width, percent(share), href, ledger)


def _share(figures: Figures, total: Figures) -> float:
    """Return the share of the spend; of the calls, where nothing was spent at all."""
    if total.cost:
        return float(figures.cost / total.cost)
    return figures.calls / total.calls if total.calls else 0.0
