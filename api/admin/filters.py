"""What the list of keys is narrowed by."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, DropdownFilter

from api.states import KeyState, in_state
from ops.admin import is_key


class StateFilter(DropdownFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(KeyState.choices)

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return in_state(queryset, self.value() or "")


class OwnerFilter(AutocompleteSelectFilter):
    """By person; for what is no id, nothing is found."""

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        value = self.value()
        return (
            queryset.none() if value and not is_key(value) else super().queryset(request, queryset)
        )
