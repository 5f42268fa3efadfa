"""Which days a page of usage is about."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from django.utils import timezone

from usage.days import DAY, begin_of, month_after

DEFAULT_DAYS = 30
MOST_DAYS_BY_DAY = 92
MOST_YEARS = 10
EARLIEST = dt.date(2000, 1, 1)  # nobody's ledger begins before


@dataclass(frozen=True, slots=True)
class Period:
    """Days of `settings.TIME_ZONE`, the first and the last included."""

    first: dt.date
    last: dt.date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def by(self) -> Literal["day", "month"]:
        """What one bar stands for."""
        return "day" if self.days <= MOST_DAYS_BY_DAY else "month"

    @property
    def former(self) -> "Period":
        """The days just before, as many; of months the same days of as many months before."""
        if self.by == "day":
            ago = dt.timedelta(days=self.days)
            return Period(self.first - ago, self.last - ago)
        ago_months = len(self.starts())
        return Period(_months_before(self.first, ago_months), _months_before(self.last, ago_months))

    def starts(self) -> list[dt.date]:
        """Return the first day of each bar, in order; the first month may begin in its middle."""
        if self.by == "day":
            return [self.first + n * DAY for n in range(self.days)]
        starts = [self.first]
        while (following := month_after(starts[-1])) <= self.last:
            starts.append(following)
        return starts

    @property
    def end(self) -> dt.date:
        """The day after the last."""
        return self.last + DAY

    def hours(self) -> list[dt.datetime]:
        """Return the hour that each bar begins with, and at the end the one after the last."""
        return [begin_of(day) for day in [*self.starts(), self.end]]


def today() -> dt.date:
    return timezone.localdate(timezone=timezone.get_default_timezone())


def last_days(days: int) -> Period:
    """Return that many days, up to and including today."""
    last = today()
    return Period(last - (days - 1) * DAY, last)


def last_months(months: int) -> Period:
    """Return that many months, up to and including the present one, which ends today."""
    last = today()
    return Period(_months_before(last.replace(day=1), months - 1), last)


RANGES = {
    "7": lambda: last_days(7),
    "30": lambda: last_days(30),
    "90": lambda: last_days(90),
    "12m": lambda: last_months(12),
}


def period_from(query: Mapping[str, str]) -> Period:
    """Read `range`, or `from` and `to` (ISO dates), of a query string.

    What is no period is the default one; what is too long or lies ahead is cut.
    """
    if known := RANGES.get(query.get("range", "")):
        return known()
    first, last = _date(query.get("from", "")), _date(query.get("to", ""))
    if first is None and last is None:
        return last_days(DEFAULT_DAYS)
    last = max(min(last or today(), today()), EARLIEST)
    first = last - (DEFAULT_DAYS - 1) * DAY if first is None else first
    first = max(first, EARLIEST, _months_before(last, 12 * MOST_YEARS) + DAY)
    return Period(first, last) if first <= last else last_days(DEFAULT_DAYS)


def _date(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text.strip())
    except ValueError:
        return None


def _months_before(day: dt.date, months: int) -> dt.date:
    """Return the same day that many months before; the month's last where there is none."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    month_start = dt.date(year, month + 1, 1)
    last_of_month = (month_after(month_start) - DAY).day
    return month_start.replace(day=min(day.day, last_of_month))
