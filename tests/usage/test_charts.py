"""The geometry of the charts: bars in percent of their box, round axes, words for who can't see."""

import datetime as dt
from decimal import Decimal

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from usage.dashboard.charts import FEW, LOWEST, WIDEST, Chart, Column, Piece, charts, top_of
from usage.dashboard.measures import MEASURES, change
from usage.dashboard.period import Period
from usage.figures import Bar, Figures
from usage.numbers import dollars, percent, seconds, short

FIRST = dt.date(2026, 11, 1)
AMOUNTS = st.decimals(0, 10**9, places=6) | st.integers(0, 10**15).map(Decimal)


def drawn(*figures: Figures, former: Figures | None = None) -> dict[str, Chart]:
    """The charts of consecutive days, by name."""
    period = Period(FIRST, FIRST + dt.timedelta(days=len(figures) - 1))
    bars = [Bar(*each) for each in zip(period.starts(), figures, strict=True)]
    total = sum(figures, Figures())
    return {chart.name: chart for chart in charts(period, bars, total, former)}


def number(percent: str) -> float:
    assert percent.endswith("%")
    return float(percent[:-1])


@given(highest=AMOUNTS, is_whole=st.booleans())
def test_an_axis_ends_at_a_round_number_not_far_above(highest, is_whole):
    highest = highest.quantize(1) if is_whole else highest
    top = top_of(highest, is_whole=is_whole)
    assert top >= highest
    assert top > 0
    assert len(top.normalize().as_tuple().digits) <= 2
    assert not (is_whole and top / 2 % 1)
    assert highest == 0 or top <= max(2 * highest, Decimal(2))


@pytest.mark.parametrize(
    ("highest", "top"),
    [("0", "2"), ("1", "2"), ("3", "4"), ("5", "6"), ("7", "8"), ("11", "12"), ("101", "120")],
)
def test_counts_have_whole_steps(highest, top):
    assert top_of(Decimal(highest), is_whole=True) == Decimal(top)


@given(costs=st.lists(AMOUNTS, min_size=1, max_size=92))
def test_bars_stay_in_their_place_and_keep_their_order(costs):
    chart = drawn(*(Figures(calls=1, cost=cost) for cost in costs))["spend"]
    if not any(costs):
        assert chart.columns == ()
        return
    place = 100 / len(costs)
    for index, (column, cost) in enumerate(zip(chart.columns, costs, strict=True)):
        assert number(column.x) == pytest.approx(index * place, abs=0.01)
        assert bool(column.pieces) == (cost > 0)
        for piece in column.pieces:
            assert number(column.x) <= number(piece.x)
            assert number(piece.x) + number(piece.width) <= number(column.x) + place + 0.02
            assert number(piece.width) <= WIDEST
            assert number(piece.y) + number(piece.height) == pytest.approx(100, abs=0.02)
            assert LOWEST <= number(piece.height) <= 100


def test_what_is_little_beside_an_outlier_is_seen():
    chart = drawn(Figures(calls=1), Figures(calls=10**9), Figures())["requests"]
    heights = [[piece.height for piece in column.pieces] for column in chart.columns]
    assert heights == [["0.90%"], ["100.00%"], []]


def test_what_a_bar_says_is_text():
    column = Column("0.00%", "9.00%", "<b>&", (Piece(1, "1%", "2%", "3%", "4%"),))
    assert column.markup == (
        '<g class="chart-column"><title>&lt;b&gt;&amp;</title>'
        '<rect class="chart-place" x="0.00%" width="9.00%" height="100%"/>'
        '<rect class="chart-part-1" x="1%" y="2%" width="3%" height="4%"/></g>'
    )


def test_tokens_are_stacked_input_below_output():
    chart = drawn(Figures(calls=1, input_tokens=30, output_tokens=10))["tokens"]
    below, above = chart.columns[0].pieces
    assert (below.part, below.y, below.height) == (0, "25.00%", "75.00%")
    assert (above.part, above.y, above.height) == (1, "0.00%", "25.00%")
    assert chart.columns[0].title == "Nov. 1, 2026: 30 input, 10 output"
    assert [str(part) for part in chart.legend] == ["input", "output"]
    assert chart.scale == ("40", "20", "0")


def test_where_nothing_was_timed_there_is_no_bar_and_no_mean():
    timed = Figures(calls=2, latency_ms=3000, timed=2)
    found = drawn(timed, Figures(calls=1))
    assert [len(column.pieces) for column in found["duration"].columns] == [1, 0]
    assert found["duration"].columns[1].title == "Nov. 2, 2026: –"
    assert (found["duration"].total, found["first-token"].total) == ("1.50 s", "–")
    assert found["duration"].scale == ("1.5 s", "0.75 s", "0")
    assert found["first-token"].columns == ()


def test_it_is_told_to_who_cannot_see_it():
    found = drawn(Figures(calls=1, cost=Decimal("0.5")), Figures(calls=3, cost=Decimal("1.25")))
    assert found["spend"].label == (
        "Spend, Nov. 1, 2026 – Nov. 2, 2026: $1.7500 in all. The most is $1.2500: Nov. 2, 2026."
    )
    assert found["errors"].label == "Errors, Nov. 1, 2026 – Nov. 2, 2026: nothing yet."


@pytest.mark.parametrize("days", [1, 2, FEW, FEW + 1, 30, 31, 92])
def test_words_below_the_bars_have_room(days):
    ticks = drawn(*[Figures(calls=1)] * days)["requests"].ticks
    assert len(ticks) == (days if days <= FEW else 3)
    places = [number(tick.x) for tick in ticks]
    assert places == sorted(places)
    assert 0 <= places[0] <= places[-1] <= 100
    assert ticks[0].text == "Nov 1"


def test_months_are_named_by_month():
    period = Period(dt.date(2025, 12, 1), dt.date(2026, 11, 30))
    bars = [Bar(start, Figures(calls=1)) for start in period.starts()]
    chart = charts(period, bars, Figures(calls=12), None)[2]
    assert [tick.text for tick in chart.ticks] == ["Dec 2025", "May 2026", "Nov 2026"]
    assert chart.columns[0].title == "December 2025: 1"


@pytest.mark.parametrize(
    ("now", "before", "words"),
    [
        (3, 2, "50 % more than in the time before"),
        (1, 2, "50 % less than in the time before"),
        (0, 2, "100 % less than in the time before"),
        (1000, 1001, "as much as in the time before"),
        (10**6, 1, ">9,900 % more than in the time before"),
        (1, 0, None),
    ],
)
def test_a_change_is_said_in_words(now, before, words):
    requests = MEASURES[2]
    found = change(requests, Figures(calls=now), Figures(calls=before))
    assert (found and found.words) == words


def test_numbers_are_those_of_the_language():
    with translation.override("de"):
        assert short(Decimal("1500")) == "1,5k"
        assert drawn(Figures(calls=1234))["requests"].total == "1.234"


def test_few_decimals_of_much_money():
    assert (dollars(Decimal("0.5"), 4), dollars(Decimal("0.001"), 2)) == ("$0.5000", "<$0.01")
    assert drawn(Figures(calls=1, cost=Decimal("1234.5678")))["spend"].total == "$1,234.57"
    assert [short(Decimal(each)) for each in ("0.05", "20", "1500", "2000000", "3E+9")] == [
        "0.05", "20", "1.5k", "2M", "3B",
    ]  # fmt: skip


def test_shares_and_times_are_rounded_not_cut():
    shares = (0, 0.0000001, 0.004, 0.0999, 0.536, 0.999, 1)
    assert [percent(share) for share in shares] == [
        "0 %", "<0.1 %", "0.4 %", "10 %", "54 %", "100 %", "100 %",
    ]  # fmt: skip
    assert seconds(1999) == "2.00 s"
