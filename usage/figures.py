"""What calls came to, in figures that can be added."""

import datetime as dt
from dataclasses import dataclass, fields
from decimal import Decimal
from operator import add, attrgetter, sub


@dataclass(frozen=True, slots=True)
class Figures:
    """Sums over calls. Tokens are tokens, `cost` is in US dollars, times are milliseconds.

    A call that is still held counts among `calls`, with nothing else yet: no error, tokens, cost
    or time. `estimated` were settled by our own count, `unpriced` without a known price. `timed`
    calls have a duration, `first_tokens` a time of their first token. Input tokens include those
    that were cached, output tokens those of reasoning.
    """

    calls: int = 0
    errors: int = 0
    estimated: int = 0
    unpriced: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    cost: Decimal = Decimal(0)
    latency_ms: int = 0
    timed: int = 0
    first_token_ms: int = 0
    first_tokens: int = 0

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    @property
    def mean_latency_ms(self) -> float | None:
        return self.latency_ms / self.timed if self.timed else None

    @property
    def mean_first_token_ms(self) -> float | None:
        return self.first_token_ms / self.first_tokens if self.first_tokens else None

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(*map(add, _values(self), _values(other)))

    def __sub__(self, other: "Figures") -> "Figures":
        return Figures(*map(sub, _values(self), _values(other)))


NAMES = [field.name for field in fields(Figures)]
_values = attrgetter(*NAMES)


@dataclass(frozen=True, slots=True)
class Bar:
    """A day or a month: its first day within the period, and what calls came to in it."""

    start: dt.date
    figures: Figures


@dataclass(frozen=True, slots=True)
class Share:
    """A part of all: one model's, one person's …

    `value` is what a query string asks for it by; empty where it cannot be asked for, as calls
    without a key.
    """

    value: str
    label: str
    figures: Figures
