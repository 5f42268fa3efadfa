"""How much of a limit is used, for a list that is sorted and filtered by it."""

from typing import Any

from django.db.models import Case, Expression, F, FloatField, Func, Value, When
from django.db.models.functions import Cast, Coalesce, Greatest, Now, TruncDate, TruncMonth
from django.utils import timezone


class _LastMinute(Func):
    """The sum of what was counted by second, as `Standing` has it."""

    template = (
        "(SELECT coalesce(sum(n), 0) FROM unnest(%(expressions)s) AS each(second, n)"
        " WHERE second >= floor(extract(epoch FROM statement_timestamp())) - 60)"
    )
    output_field = FloatField()


def used() -> Coalesce:
    """Return the share of what is used most, holds included: 1 is all, and more may be.

    Of a limit of 0 everything is used.
    """
    zone = timezone.get_default_timezone()
    today: Any = TruncDate(Now(), tzinfo=zone)
    day, month = {"day__lt": today}, {"month__lt": TruncMonth(today)}
    shares = (
        _share(_LastMinute(F("seconds"), F("requests")), "requests_per_minute"),
        _share(_LastMinute(F("seconds"), F("tokens")), "tokens_per_minute"),
        _share(F("open_calls"), "max_streams"),
        _share(_spent("day_spent", day) + F("held"), "day_budget"),
        _share(_spent("month_spent", month) + F("held"), "month_budget"),
        _share(F("total_spent") + F("held"), "total_budget"),
    )
    return Coalesce(Greatest(*shares), Value(0.0))


def _spent(name: str, before: dict[str, Any]) -> Expression:
    """Return what was spent in the present window: nothing, where the last call was before it."""
    return Case(When(**before, then=Value(0)), default=F(name), output_field=FloatField())


def _share(amount: Any, setting: str) -> Case:
    return Case(
        When(**{setting: 0}, then=Value(1.0)),
        default=Cast(amount, FloatField()) / Cast(F(setting), FloatField()),
        output_field=FloatField(),
    )
