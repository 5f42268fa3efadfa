"""What a page of usage was asked for, and the addresses of what else can be asked of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from accounts.models import User
from usage.dashboard.chosen import Chosen, chosen_from
from usage.dashboard.kind import Kind
from usage.dashboard.period import RANGES, Period, period_from

# By what the ledger's own list can be narrowed.
_IN_LEDGER = {
    Kind.MODEL: "model__id__exact",
    Kind.PERSON: "account__id__exact",
    Kind.KEY: "key__id__exact",
    Kind.DOOR: "door",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A period, a filter or none, and by what the calls are told apart: one of `kinds`."""

    period: Period
    chosen: Chosen
    by: Kind
    kinds: Sequence[Kind]

    @property
    def span(self) -> str:
        """The name of the period among `RANGES`; empty where it is another."""
        return next((name for name, make in RANGES.items() if make() == self.period), "")

    @property
    def days(self) -> dict[str, str]:
        """The period in a query string."""
        if self.span:
            return {"range": self.span}
        return {"from": self.period.first.isoformat(), "to": self.period.last.isoformat()}

    @property
    def filter(self) -> dict[str, str]:
        """The filter in a query string."""
        return {self.chosen.kind: self.chosen.value} if self.chosen.kind else {}

    @property
    def apart(self) -> dict[str, str]:
        return {"by": self.by}

    def only(self, value: str) -> str:
        """Return the address of the same page for one of what the calls are told apart by."""
        return address({self.by: value}, self.days)

    def in_ledger(self, value: str) -> str | None:
        """Return where the ledger lists the calls of one of these, if it can."""
        names = [_IN_LEDGER.get(kind) for kind in (self.by, self.chosen.kind) if kind]
        if not all(names):
            return None
        narrowed = zip(names, (value, self.chosen.value), strict=False)
        first, last = self.period.first.isoformat(), self.period.last.isoformat()
        query = {**dict(narrowed), "created_at_from": first, "created_at_to": last}
        return reverse("admin:usage_usagerecord_changelist") + address(query)


def asked_from(query: Mapping[str, str], kinds: Sequence[Kind], owner: User | None = None) -> Asked:
    """Read a query string. What is in it and means nothing is passed over."""
    chosen = chosen_from(query, owner)
    by = next((kind for kind in kinds if kind == query.get("by")), None)
    if by is None:  # what the filter leaves only one of tells little
        by = next(kind for kind in kinds if kind != chosen.kind)
    return Asked(period_from(query), chosen, by, kinds)


def address(*parts: Mapping[Any, str]) -> str:
    """Return a query string of what these ask for."""
    return "?" + urlencode({str(name): value for part in parts for name, value in part.items()})
