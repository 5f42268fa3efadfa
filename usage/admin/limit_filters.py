"""What the list of limits is narrowed by."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from usage.models import NEAR, Limit
from usage.models.limit import SUBJECTS


class KindFilter(DropdownFilter):
    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        fields: list[Any] = [Limit._meta.get_field(name) for name in SUBJECTS]
        return [(field.name, field.verbose_name) for field in fields]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        kind = self.value()
        return queryset.filter(**{f"{kind}__isnull": False}) if kind in SUBJECTS else queryset


class StateFilter(DropdownFilter):
    """By how much of what is used most is used."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("near", _("four fifths used, or more")),
            ("full", _("used up, or full for now")),
            ("fine", _("in order")),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        narrowed: dict[str, dict[str, float]] = {
            "near": {"used__gte": float(NEAR)},
            "full": {"used__gte": 1},
            "fine": {"used__lt": float(NEAR)},
        }
        return queryset.filter(**narrowed.get(self.value() or "", {}))
