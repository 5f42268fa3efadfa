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
    """By person; what is no id narrows nothing."""

    def value(self) -> Any:
        value = super().value()
        return value if value and is_key(value) else None
