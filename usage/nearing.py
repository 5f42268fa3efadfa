"""Budgets of which most is spent, and what their people are told of them on their pages."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Self

from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.models import User
from providers.models import ModelSpec
from usage.models import NEAR, Limit
from usage.numbers import dollars
from usage.peek import refusal
from usage.standing import Moment, Standing, Window


@dataclass(frozen=True)
class Nearing:
    """A budget of which `NEAR` or more is spent. Money is in US dollars."""

    standing: Standing
    window: Window
    spent: Decimal
    budget: Decimal

    @property
    def percent(self) -> int:
        """How much of it is spent, at most 100."""
        return min(100, int(self.spent * 100 / self.budget))

    @property
    def left(self) -> Decimal:
        return self.budget - self.spent

    @property
    def amounts(self) -> str:
        words = {"spent": dollars(self.spent), "budget": dollars(self.budget)}
        return {
            Window.DAY: _("%(spent)s of %(budget)s today"),
            Window.MONTH: _("%(spent)s of %(budget)s this month"),
            Window.TOTAL: _("%(spent)s of %(budget)s in total"),
        }[self.window] % words

    @property
    def sentence(self) -> str:
        """Say to the person whose budget it is, or to the team's members, how much is used."""
        words = {"percent": self.percent, "team": self.standing.limit.team}
        if self.standing.limit.team is None:
            return {
                Window.DAY: _("You have used %(percent)s %% of today's budget."),
                Window.MONTH: _("You have used %(percent)s %% of this month's budget."),
                Window.TOTAL: _("You have used %(percent)s %% of your budget."),
            }[self.window] % words
        return {
            Window.DAY: _("The team %(team)s has used %(percent)s %% of today's budget."),
            Window.MONTH: _("The team %(team)s has used %(percent)s %% of this month's budget."),
            Window.TOTAL: _("The team %(team)s has used %(percent)s %% of its budget."),
        }[self.window] % words


def nearing(standings: Iterable[Standing]) -> list[Nearing]:
    """Return the budgets near their end, whichever limits they are of."""
    every = (
        Nearing(standing, window, standing.spent(window), budget)
        for standing in standings
        for window, budget in standing.budgets()
    )
    return [each for each in every if each.budget and each.spent >= each.budget * NEAR]


def standings_of(limits: "QuerySet[Limit]") -> list[Standing]:
    return [Standing(limit, Moment(limit.now)) for limit in limits.annotate(now=Now())]


@dataclass(frozen=True)
class Note:
    """What a person is told of their limits before they ask."""

    sentence: str
    is_refusal: bool = False

    @classmethod
    def to(cls, user: User, model: ModelSpec | None) -> Self | None:
        """Return why `model` would not answer, else which budget is nearest to its end.

        One query; one more where something refuses.
        """
        met = Limit.objects.met_by(user, model.pk if model else None)
        found = standings_of(met)
        refused = refusal(found, model, math.inf) if model else None
        if refused is not None:
            return cls(str(refused.sentence), is_refusal=True)
        own = nearing(each for each in found if each.limit.model_id is None)
        nearest = max(own, key=lambda each: each.percent, default=None)
        return cls(nearest.sentence) if nearest else None
