"""The ledger, to look at: what was charged is never changed by hand."""

from django.contrib import admin
from django.template.defaultfilters import floatformat
from django.utils.formats import number_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from ops.admin import DayFilter, DoorFilter, ReadOnlyAdmin
from usage.models import UsageRecord

LABELS = {"held": "info", "settled": "success", "released": "warning"}


@admin.register(UsageRecord)
class UsageRecordAdmin(ReadOnlyAdmin):
    list_display = (
        "created_at", "person", "model_name", "door", "state_label",
        "read", "written", "counted", "price", "outcome",
    )  # fmt: skip
    list_select_related = ("account__user",)
    list_filter = (
        ("state", ChoicesDropdownFilter),
        DoorFilter,
        ("model", RelatedDropdownFilter),
        "is_reported",
        ("created_at", DayFilter),
    )
    search_fields = ("account__user__email",)
    search_help_text = _("by a person's e-mail address")
    whose = "account"
    whose_email = "user__email"
    fieldsets = (
        (None, {"fields": ("id", "account", "key", "door", "model_name", "limits")}),
        (_("Answered by"), {"fields": ("provider_name", "deployment_name", "credential")}),
        (_("State"), {"fields": ("state", "outcome")}),
        (_("Times"), {"fields": ("created_at", "ended_at", "lease_expires_at")}),
        (_("Hold"), {"fields": ("held_input_tokens", "held_output_tokens")}),
        (
            _("Tokens"),
            {
                "fields": (
                    "is_reported", "input_tokens", "cached_tokens", "output_tokens",
                    "reasoning_tokens",
                )
            },
        ),
        (
            _("Money, in US dollars"),
            {"fields": ("input_price", "cached_input_price", "output_price", "cost")},
        ),
    )  # fmt: skip

    @display(description=_("person"))
    def person(self, record: UsageRecord) -> str:
        user = record.account.user
        return user.email if user else gettext("somebody who left")

    @display(description=_("state"), label=LABELS)
    def state_label(self, record: UsageRecord) -> tuple[str, str]:
        return record.state, record.get_state_display()

    @display(description=_("input"))
    def read(self, record: UsageRecord) -> str | None:
        return _number(record.input_tokens)

    @display(description=_("output"))
    def written(self, record: UsageRecord) -> str | None:
        return _number(record.output_tokens)

    @display(description=_("counted"), label={"reported": "success", "estimated": "warning"})
    def counted(self, record: UsageRecord) -> tuple[str, str] | None:
        if record.state != UsageRecord.State.SETTLED:
            return None
        if record.is_reported:
            return "reported", gettext("reported")
        return "estimated", gettext("estimated")

    @display(description=_("cost ($)"))
    def price(self, record: UsageRecord) -> str | None:
        return None if record.cost is None else floatformat(record.cost, "-6")


def _number(tokens: int | None) -> str | None:
    return None if tokens is None else number_format(tokens, force_grouping=True)
