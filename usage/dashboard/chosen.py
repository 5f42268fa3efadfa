"""Whose calls or which a page of usage is about, as its query string asks."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Q

from accounts.models import User
from usage.dashboard.kind import COLUMNS, Kind
from usage.dashboard.named import label_of
from usage.models import Account

# What one's own calls can be narrowed to.
_OWN = (Kind.MODEL, Kind.PROVIDER, Kind.KEY, Kind.DOOR)


@dataclass(frozen=True, slots=True)
class Chosen:
    """One filter or none: `label` is what a page shows of it."""

    kind: Kind | None = None
    value: str = ""
    label: str = ""

    @property
    def rows(self) -> Q:
        """Describe its calls, in the ledger and in its sums alike."""
        if self.kind is None:
            return Q()
        if self.kind is Kind.TEAM:  # those who are in it now
            return Q(account__in=Account.objects.filter(user__teams__id=self.value))
        return Q(**{COLUMNS[self.kind]: self.value})


def chosen_from(query: Mapping[str, str], owner: User | None = None) -> Chosen:
    """Read the first filter in a query string that is one; what is none is passed over.

    With an owner, as on their own page, only what may be theirs is named: an id of anything else
    stays an id. The rows are not narrowed to theirs.
    """
    for name in query:
        if name not in Kind.values or (owner and name not in _OWN):
            continue
        kind = Kind(name)
        if value := _value(kind, query[name]):
            return Chosen(kind, value, label_of(kind, value, owner))
    return Chosen()


def _value(kind: Kind, text: str) -> str:
    """Return what may be asked of the database; empty for what is none."""
    if kind.is_text:
        return text.replace("\x00", "").encode(errors="ignore").decode()
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return ""
