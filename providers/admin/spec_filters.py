"""What the list of models is narrowed by."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from providers.models import Ability


class AbilityFilter(DropdownFilter):
    title = _("ability")
    parameter_name = "ability"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(Ability.choices)

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        value = self.value()
        return queryset.able_to(Ability(value)) if value in Ability.values else queryset


class PriceFilter(DropdownFilter):
    """By whether what a call costs is known: else no budget allows it."""

    title = _("price")
    parameter_name = "price"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("unknown", _("unknown"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.unpriced() if self.value() == "unknown" else queryset
