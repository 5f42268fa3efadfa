"""How a limit stands at a moment: what is used, what is left, and when there will be more."""

import datetime as dt
from collections.abc import Iterable, Iterator
from decimal import Decimal
from enum import StrEnum

from django.utils import timezone

from usage.models import Limit

# Calls count by the second they began in. One that began in the course of a second is a minute old
# at the latest when 60 further ones are over.
MINUTE = 60


class Window(StrEnum):
    """What a budget is for."""

    DAY = "day"
    MONTH = "month"
    TOTAL = "total"


class Moment:
    """A time by the database's clock, with the names of its windows."""

    def __init__(self, time: dt.datetime) -> None:
        self.time = time
        self.second = int(time.timestamp())
        self.day = time.astimezone(timezone.get_default_timezone()).date()
        self.month = self.day.replace(day=1)

    def end_of(self, window: Window) -> dt.datetime | None:
        """Return when the budget of the window starts anew; never, where it is the total."""
        if window is Window.DAY:
            return _begin_of(self.day + dt.timedelta(days=1))
        if window is Window.MONTH:
            return _begin_of((self.month + dt.timedelta(days=32)).replace(day=1))
        return None

    def begin_of(self, window: Window) -> dt.datetime | None:
        if window is Window.TOTAL:
            return None
        return _begin_of(self.day if window is Window.DAY else self.month)


def _begin_of(day: dt.date) -> dt.datetime:
    return timezone.make_aware(
        dt.datetime.combine(day, dt.time.min), timezone.get_default_timezone()
    )


class Standing:
    """One limit at one moment. Money is in US dollars."""

    def __init__(self, limit: Limit, at: Moment) -> None:
        self.limit = limit
        self.at = at

    def budget(self, window: Window) -> Decimal | None:
        return getattr(self.limit, f"{window}_budget")

    def budgets(self) -> list[tuple[Window, Decimal]]:
        """Return the windows that have one."""
        found = ((window, self.budget(window)) for window in Window)
        return [(window, budget) for window, budget in found if budget is not None]

    def spent(self, window: Window) -> Decimal:
        """Return what was settled in the window's present one."""
        limit, at = self.limit, self.at
        if window is Window.DAY and limit.day < at.day:
            return Decimal(0)
        if window is Window.MONTH and limit.month < at.month:
            return Decimal(0)
        return getattr(limit, f"{window}_spent")

    def left(self, *, unheld: bool = False) -> Decimal | None:
        """Return what all budgets leave, after what is held; `None` where there is no budget."""
        held = Decimal(0) if unheld else self.limit.held
        return min((b - self.spent(w) - held for w, b in self.budgets()), default=None)

    def spent_window(self) -> Window:
        """Return the budget that has the least left; of several the one that lasts longest."""
        return min(self.budgets(), key=lambda each: each[1] - self.spent(each[0]))[0]

    @property
    def requests(self) -> int:
        """How many calls began within the last minute."""
        return sum(count for _, count in self._recent(self.limit.requests))

    @property
    def tokens(self) -> int:
        """The tokens of the calls that began within the last minute."""
        return sum(count for _, count in self._recent(self.limit.tokens))

    def until_requests(self) -> float:
        """Return in how many seconds another call may begin."""
        most = self.limit.requests_per_minute
        return 0.0 if most is None else self._until(self.limit.requests, most - 1)

    def until_tokens(self, size: int) -> float:
        """Return in how many seconds a call of `size` tokens may begin; it must not exceed all."""
        most = self.limit.tokens_per_minute
        return 0.0 if most is None else self._until(self.limit.tokens, most - size)

    def until_no_requests(self) -> float:
        """Return in how many seconds none of the calls counts any more."""
        return self._until(self.limit.requests, 0)

    def until_no_tokens(self) -> float:
        return self._until(self.limit.tokens, 0)

    def _recent(self, counts: Iterable[int]) -> Iterator[tuple[int, int]]:
        """Yield the seconds of the last minute with their counts, oldest first."""
        pairs = zip(self.limit.seconds, counts, strict=True)
        return ((second, n) for second, n in pairs if second >= self.at.second - MINUTE)

    def _until(self, counts: Iterable[int], most: int) -> float:
        """Return in how many seconds the counts of a minute come to `most` or less."""
        recent = list(self._recent(counts))
        over = sum(count for _, count in recent) - most
        if over <= 0:
            return 0.0
        for second, count in recent:
            over -= count
            if over <= 0:
                return second + MINUTE + 1 - self.at.time.timestamp()
        return float(MINUTE)
