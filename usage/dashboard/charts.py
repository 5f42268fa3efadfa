"""Bar charts drawn on the server: from figures to geometry, in percent of the box they are in.

Percent, so that a chart is as wide as its box while its words keep their size.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from usage.dashboard.measures import MEASURES, Change, Measure, Value, change
from usage.dashboard.period import Period
from usage.figures import Bar, Figures

_TOPS = tuple(map(Decimal, ("1", "1.2", "1.5", "2", "3", "4", "5", "6", "8", "10")))
FILLED = 0.72  # of its place is a bar wide
WIDEST = 9.0  # percent: one day alone is a bar as well, not a wall
LOWEST = 0.9  # percent: what is little is seen, as a line of a pixel
FEW = 4  # bars that each have a label below them; of more only the first, the middle, the last


@dataclass(frozen=True, slots=True)
class Piece:
    """A rectangle of a bar: which part it is, and its edges."""

    part: int
    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True, slots=True)
class Column:
    """The place of one bar, from edge to edge, with what it says and what is drawn there.

    It writes its own markup: of five hundred bars on a page a template would look up eight times
    as many names, which is half of the page's time.
    """

    x: str
    width: str
    title: str
    pieces: tuple[Piece, ...]

    @property
    def markup(self) -> SafeString:
        drawn = "".join(
            f'<rect class="chart-part-{each.part}" x="{each.x}" y="{each.y}"'
            f' width="{each.width}" height="{each.height}"/>'
            for each in self.pieces
        )
        place = f'<rect class="chart-place" x="{self.x}" width="{self.width}" height="100%"/>'
        title = f"<title>{escape(self.title)}</title>"
        return SafeString(f'<g class="chart-column">{title}{place}{drawn}</g>')


@dataclass(frozen=True, slots=True)
class Tick:
    """A word below the bars: where, and which end of it stands there."""

    x: str
    anchor: str
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart. `scale` are the words beside its lines, from the top; empty without values."""

    name: str
    title: Promise
    total: str
    change: Change | None
    label: str
    legend: tuple[Promise, ...]
    scale: tuple[str, ...]
    columns: tuple[Column, ...]
    ticks: tuple[Tick, ...]


def charts(
    period: Period, bars: Sequence[Bar], total: Figures, former: Figures | None
) -> list[Chart]:
    """Return the charts of all measures. `former`: of the time before, to compare with."""
    names = [name_of(bar.start, period.by) for bar in bars]
    ticks = _ticks(period, bars)
    return [_chart(each, period, bars, names, ticks, total, former) for each in MEASURES]


def name_of(start: dt.date, by: str) -> str:
    return date_format(start, "YEAR_MONTH_FORMAT" if by == "month" else "DATE_FORMAT")


def name_of_days(period: Period) -> str:
    first, last = date_format(period.first), date_format(period.last)
    return first if first == last else f"{first} – {last}"


def top_of(highest: Decimal, *, is_whole: bool) -> Decimal:
    """Return the end of the axis: a round number not below `highest`, as is its half."""
    if highest <= 0:
        return Decimal(2 if is_whole else 1)
    tops = (each.scaleb(highest.adjusted()) for each in _TOPS)
    return next(top for top in tops if top >= highest and not (is_whole and top / 2 % 1))


def _chart(
    measure: Measure,
    period: Period,
    bars: Sequence[Bar],
    names: list[str],
    ticks: tuple[Tick, ...],
    total: Figures,
    former: Figures | None,
) -> Chart:
    values = [measure.value(bar.figures) for bar in bars]
    highest = max((Decimal(value) for value in values if value), default=Decimal(0))
    top = top_of(highest / measure.scale, is_whole=measure.is_whole)
    labels = tuple(part.label for part in measure.parts if part.label)
    is_empty = highest == 0
    return Chart(
        name=measure.name,
        title=measure.title,
        total=measure.text(total),
        change=change(measure, total, former) if former else None,
        label=_label(measure, period, names, values, measure.text(total)),
        legend=labels,
        scale=() if is_empty else (measure.axis(top), measure.axis(top / 2), "0"),
        columns=() if is_empty else tuple(_columns(measure, bars, names, float(top))),
        ticks=ticks,
    )


def _columns(measure: Measure, bars: Sequence[Bar], names: list[str], top: float) -> list[Column]:
    place = 100 / len(bars)
    width = min(place * FILLED, WIDEST)
    sentence = _("%(day)s: %(value)s")
    columns = []
    for number, (bar, name) in enumerate(zip(bars, names, strict=True)):
        left = number * place
        said = sentence % {"day": name, "value": _said(measure, bar.figures)}
        heights = [_height(part.of(bar.figures), measure.scale * top) for part in measure.parts]
        pieces, foot = [], 100.0
        for part, height in enumerate(heights):
            foot -= height
            if height:
                x = left + (place - width) / 2
                pieces.append(Piece(part, *map(_percent, (x, foot, width, height))))
        columns.append(Column(_percent(left), _percent(place), said, tuple(pieces)))
    return columns


def _height(value: Value, top: float) -> float:
    return max(LOWEST, 100 * float(value) / top) if value else 0.0


def _percent(number: float) -> str:
    return f"{number:.2f}%"


def _said(measure: Measure, figures: Figures) -> str:
    """Write the value of a bar, part by part where it has several."""
    if len(measure.parts) == 1:
        return measure.text(figures)
    return ", ".join(f"{measure.write(part.of(figures))} {part.label}" for part in measure.parts)


def _label(
    measure: Measure, period: Period, names: list[str], values: list[Value], total: str
) -> str:
    """Say what the picture shows to who cannot see it: the whole, and the highest bar."""
    span = {"what": measure.title, "days": name_of_days(period)}
    known = [(value, name) for value, name in zip(values, names, strict=True) if value]
    if not known:
        return _("%(what)s, %(days)s: nothing yet.") % span
    value, name = max(known, key=lambda each: each[0])
    said = {**span, "total": total, "highest": measure.write(value), "when": name}
    if measure.is_mean:
        sentence = _(
            "%(what)s, %(days)s: %(total)s on average. The longest is %(highest)s: %(when)s."
        )
    else:
        sentence = _("%(what)s, %(days)s: %(total)s in all. The most is %(highest)s: %(when)s.")
    return sentence % said


def _ticks(period: Period, bars: Sequence[Bar]) -> tuple[Tick, ...]:
    if period.by == "month":
        form = pgettext("date format below a chart, of a month", "M Y")
    else:
        form = pgettext("date format below a chart, of a day", "M j")
    last = len(bars) - 1
    place = 100 / len(bars)

    def tick(number: int, anchor: str, shift: float) -> Tick:
        return Tick(
            _percent((number + shift) * place), anchor, date_format(bars[number].start, form)
        )

    if len(bars) <= FEW:
        return tuple(tick(number, "middle", 0.5) for number in range(len(bars)))
    edge = (1 - FILLED) / 2
    return (
        tick(0, "start", edge), tick(last // 2, "middle", 0.5), tick(last, "end", 1 - edge),
    )  # fmt: skip
