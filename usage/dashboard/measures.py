"""What the charts show: six measures of the same calls, and how each is written."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from usage.figures import Figures
from usage.numbers import count, dollars, percent, seconds, short

Value = Decimal | float | int | None
NOTHING = "–"  # in place of what was not measured
MOST = 99  # as much again: a larger change is not told apart
MUCH = Decimal(10)  # US dollars


@dataclass(frozen=True, slots=True)
class Part:
    """One colour of a bar. `label` is `None` where the bar has no other."""

    of: Callable[[Figures], Value]
    label: Promise | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """One of the measures. Its value is the sum of its parts; `None` where nothing was measured.

    `scale` is what one step of the axis is in units of the value, `axis` how a step is written.
    """

    name: str
    title: Promise
    column: Promise  # the head of its column in a table
    parts: tuple[Part, ...]
    write: Callable[..., str]
    axis: Callable[[Decimal], str]
    scale: int = 1
    is_whole: bool = False
    is_mean: bool = False

    def value(self, figures: Figures) -> Value:
        values = [part.of(figures) for part in self.parts]
        known = [value for value in values if value is not None]
        return sum(known[1:], known[0]) if known else None

    def text(self, figures: Figures) -> str:
        value = self.value(figures)
        return NOTHING if value is None else self.write(value)


def spent(amount: Decimal) -> str:
    """Write dollars: of many, the fractions of cents are of no interest."""
    return dollars(amount, decimals_of(amount) if amount else None)


def decimals_of(amount: Decimal) -> int:
    """Return with how many decimals dollars are written where this is the most of them."""
    return 4 if amount < MUCH else 2


def _dollars(step: Decimal) -> str:
    return f"${short(step)}"


def _seconds(step: Decimal) -> str:
    return _("%s s") % short(step)


MEASURES = (
    Measure(
        "spend", gettext_lazy("Spend"), gettext_lazy("Spend"),
        (Part(lambda each: each.cost),), spent, _dollars,
    ),
    Measure(
        "tokens", gettext_lazy("Tokens"), gettext_lazy("Tokens"),
        (
            Part(lambda each: each.input_tokens, gettext_lazy("input")),
            Part(lambda each: each.output_tokens, gettext_lazy("output")),
        ),
        count, short, is_whole=True,
    ),
    Measure(
        "requests", gettext_lazy("Requests"), gettext_lazy("Requests"),
        (Part(lambda each: each.calls),), count, short, is_whole=True,
    ),
    Measure(
        "errors", gettext_lazy("Errors"), gettext_lazy("Errors"),
        (Part(lambda each: each.errors),), count, short, is_whole=True,
    ),
    Measure(
        "duration", gettext_lazy("Mean duration"), gettext_lazy("Duration"),
        (Part(lambda each: each.mean_latency_ms),), seconds, _seconds, scale=1000, is_mean=True,
    ),
    Measure(
        "first-token", gettext_lazy("Mean time to the first token"), gettext_lazy("First token"),
        (Part(lambda each: each.mean_first_token_ms),), seconds, _seconds,
        scale=1000, is_mean=True,
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """How a value differs from that of the former period, to be seen and to be heard."""

    sign: str
    percent: str
    words: str


def change(measure: Measure, now: Figures, before: Figures) -> Change | None:
    """Return the change; `None` where there is nothing to compare."""
    new, old = measure.value(now), measure.value(before)
    if not old or new is None:
        return None
    share = round(float(new) / float(old) - 1, 2)
    if share == 0:
        return Change("±", percent(0), _("as much as in the time before"))
    size = _size(abs(share))
    if share > 0:
        return Change("↑", size, _("%s more than in the time before") % size)
    return Change("↓", size, _("%s less than in the time before") % size)


def _size(share: float) -> str:
    return percent(share) if share < MOST else f">{percent(MOST)}"
