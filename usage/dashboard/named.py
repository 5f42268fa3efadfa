"""How a page calls models, people, keys …: also those that are gone."""

from collections.abc import Collection, Mapping
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import ApiKey, Team, User
from providers.models import ModelSpec
from usage.dashboard.kind import Kind
from usage.models import Account, UsageRecord


def labels_of(kind: Kind, values: Mapping[str, str]) -> dict[str, str]:
    """Return how to call each value of a kind, by one statement at most.

    With them come the names that the ledger has: they stay when what they name is deleted.
    """
    known = {str(row.pk): str(row) for row in _rows(kind, values)}
    return {
        value: known.get(value) or (value and name) or _gone(kind, value)
        for value, name in values.items()
    }


def label_of(kind: Kind, value: str, owner: User | None) -> str:
    """Return how to call one value; for an owner only what is theirs, or theirs to use, is named.

    What has no name that they may see is called by its value.
    """
    rows = _rows(kind, [value])
    if kind is Kind.KEY and owner:
        rows = rows.filter(owner=owner)
    if kind is Kind.MODEL and owner:
        rows = ModelSpec.objects.usable_by(owner).filter(pk=value)
    if row := next(iter(rows), None):
        return str(row)
    return _ledgers_name(value, owner) if kind is Kind.MODEL else value


def _ledgers_name(model: str, owner: User | None) -> str:
    calls = UsageRecord.objects.filter(model__pk=model)
    if owner:
        calls = calls.filter(account__user=owner)
    newest = calls.order_by("-created_at").values_list("model_name", flat=True)
    return newest.first() or model


def _rows(kind: Kind, values: Collection[str]) -> QuerySet[Any]:
    """Return the rows that these values name, as far as there are any."""
    rows: dict[Kind, QuerySet[Any]] = {
        Kind.MODEL: ModelSpec.objects.all(),
        Kind.TEAM: Team.objects.all(),
        Kind.PERSON: Account.objects.select_related("user"),
        Kind.KEY: ApiKey.objects.all(),
    }
    ids = [each for each in values if each]
    return rows[kind].filter(pk__in=ids) if kind in rows and ids else Team.objects.none()


def _gone(kind: Kind, value: str) -> str:
    """Return what to call a value that names nothing, or none at all."""
    if value:
        return value if kind.is_text else _("deleted (%s)") % value[:8]
    return {
        Kind.MODEL: _("deleted"),
        Kind.TEAM: _("no team"),
        Kind.KEY: _("without a key"),
    }.get(kind, "–")
