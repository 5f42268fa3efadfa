"""Who pays, to look at: what an account came to."""

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.template.defaultfilters import floatformat
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from ops.admin import ReadOnlyAdmin
from usage.models import Account
from usage.numbers import count
from usage.rollups import sums_of_all


@admin.register(Account)
class AccountAdmin(ReadOnlyAdmin):
    list_display = ("person", "id", "created_at")
    list_select_related = ("user",)
    search_fields = ("user__email",)
    fields = ("id", "user", "created_at", "all_calls", "tokens", "all_cost")
    readonly_fields = fields

    @display(description=_("person"), ordering="user__email")
    def person(self, account: Account) -> str:
        return account.user.email if account.user else gettext("somebody who left")

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        """Return the account with what it came to."""
        account = super().get_object(request, object_id, from_field)
        if account is not None:
            account.sums = sums_of_all(Q(pk=account.pk))
        return account

    @display(description=_("calls"))
    def all_calls(self, account: Any) -> str:
        return count(account.sums.calls)

    @display(description=_("tokens"))
    def tokens(self, account: Any) -> str:
        return gettext("%(read)s read, %(written)s written") % {
            "read": count(account.sums.input_tokens),
            "written": count(account.sums.output_tokens),
        }

    @display(description=_("cost in US dollars"))
    def all_cost(self, account: Any) -> str:
        return floatformat(account.sums.cost, "-4")
