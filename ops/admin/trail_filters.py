"""What the audit trail is narrowed by. Each is led to by an index, newest first."""

from collections.abc import Iterator
from typing import Any

from django.contrib.admin.models import LogEntry
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter
from unfold.contrib.filters.forms import AutocompleteDropdownForm

from ops.admin.pages import ReadOnlyAdmin, is_key
from ops.audit.acts import Act
from ops.filters import DayFilter
from ops.models import AuditEntry

Entries = QuerySet[AuditEntry]
GROUPS = {
    "person": _("People"),
    "team": _("Teams"),
    "key": _("API keys"),
    "limits": _("Limits and budgets"),
    "provider": _("Providers"),
    "credential": _("Providers' keys"),
    "model": _("Models"),
    "run": _("Runs"),
    "house": _("This house"),
}


class ActFilter(DropdownFilter):
    """By act, under headings that say to what."""

    title = _("act")
    parameter_name = "act"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, Any]]:
        groups: dict[str, list[tuple[str, Any]]] = {}
        for act in Act:
            groups.setdefault(act.partition(".")[0], []).append((act.value, act.label))
        return [(str(GROUPS.get(noun, noun)), acts) for noun, acts in groups.items()]

    def queryset(self, request: HttpRequest, queryset: Entries) -> Entries:
        return queryset.filter(act=self.value()) if self.value() in Act.values else queryset


class ActorFilter(DropdownFilter):
    """By who acted, found by a search."""

    title = _("who")
    parameter_name = "actor"

    def __init__(self, request: HttpRequest, params: Any, model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        self.request, self.model_admin = request, model_admin

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("", "")]  # there are too many to offer

    def value(self) -> str | None:
        value = super().value()
        return value if value and is_key(value) else None

    def queryset(self, request: HttpRequest, queryset: Entries) -> Entries:
        return queryset.filter(actor=self.value()) if self.value() else queryset

    def choices(self, changelist: Any) -> Iterator[Any]:
        form = AutocompleteDropdownForm(
            request=self.request,
            label=_("By who acted"),
            name=self.parameter_name,
            choices=(),
            # An entry has no foreign key, so that it outlives people. Django's log has one to them,
            # by which the page that is asked for names knows in which table to look.
            field=LogEntry._meta.get_field("user"),
            model_admin=self.model_admin,
            data={self.parameter_name: self.value()},
        )
        yield {"form": form}


class KindFilter(DropdownFilter):
    """By what it was done to: whatever the administration's pages can do something to."""

    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        registered = model_admin.admin_site._registry.items()
        acted_on = [
            model._meta
            for model, page in registered
            if page.actions or not isinstance(page, ReadOnlyAdmin)
        ]
        kinds = [(meta.label_lower, capfirst(meta.verbose_name)) for meta in acted_on]
        return sorted(kinds, key=lambda kind: str(kind[1]))

    def queryset(self, request: HttpRequest, queryset: Entries) -> Entries:
        known = {kind for kind, _name in self.lookup_choices}
        return queryset.filter(kind=self.value()) if self.value() in known else queryset


class ObjectFilter(DropdownFilter):
    """By one object, as its own page links here; shown only where it is used."""

    title = _("object")
    parameter_name = "object"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        value = (self.value() or "").replace("\x00", "")
        if "/" not in value:
            return []
        kind, key = _kind_and_key(value)
        named = AuditEntry.objects.of_object(kind, key).exclude(subject_name="")
        newest = named.order_by("-pk").first() or AuditEntry(kind=kind, key=key)
        return [(value, newest.what)]

    def queryset(self, request: HttpRequest, queryset: Any) -> Entries:
        return queryset.of_object(*_kind_and_key(self.lookup_choices[0][0]))


class DoorFilter(DropdownFilter):
    title = _("door")
    parameter_name = "door"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(AuditEntry.Door.choices)

    def queryset(self, request: HttpRequest, queryset: Entries) -> Entries:
        known = self.value() in AuditEntry.Door.values
        return queryset.filter(door=self.value()) if known else queryset


class TimeFilter(DayFilter):
    def queryset(self, request: HttpRequest, queryset: Any) -> Entries:
        return queryset.within(*self.moments())


def _kind_and_key(value: str) -> tuple[str, str]:
    kind, _slash, key = value.partition("/")
    return kind, key


FILTERS: tuple[Any, ...] = (
    ActFilter, ActorFilter, KindFilter, ObjectFilter, DoorFilter, ("created_at", TimeFilter),
)  # fmt: skip
