"""What the ledger is narrowed by, and which of it an index leads to."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, DropdownFilter

from ops.filters import DoorFilter


class Named(AutocompleteSelectFilter):
    """By one person, key, model …, found by a search: there are too many to offer."""

    @property
    def is_indexed(self) -> bool:
        return set(self.used_parameters) == {self.lookup_kwarg}


class Door(DoorFilter):
    is_indexed = True


class _Choice(DropdownFilter):
    """By one of a few choices: the method of the query set, its words, and its index."""

    ways: tuple[tuple[str, Any, bool], ...]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(way, words) for way, words, _indexed in self.ways]

    @property
    def is_indexed(self) -> bool:
        return any(indexed for way, _words, indexed in self.ways if way == self.value())

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        known = {way for way, _words, _indexed in self.ways}
        return getattr(queryset, str(self.value()))() if self.value() in known else queryset


class StateFilter(_Choice):
    title = _("state")
    parameter_name = "state"
    ways = (
        ("held", _("held"), True),
        ("settled", _("settled"), False),
        ("released", _("released"), True),
    )


class CountFilter(_Choice):
    """By whether the provider counted the tokens."""

    title = _("count")
    parameter_name = "counted"
    ways = (
        ("reported", _("reported by the provider"), False),
        ("estimated", _("estimated"), True),
    )


class OutcomeFilter(_Choice):
    title = _("outcome")
    parameter_name = "ended"
    ways = (
        ("failed", _("with an error"), True),
        ("ended_well", _("without an error"), False),
    )
