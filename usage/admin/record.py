"""The ledger, to look at: what was charged is never changed by hand."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import floatformat
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from ops.admin import ReadOnlyAdmin
from ops.filters import DayFilter
from usage.admin.record_filters import CountFilter, Door, Named, OutcomeFilter, StateFilter
from usage.admin.record_list import LedgerList
from usage.models import Limit, UsageRecord
from usage.numbers import count, seconds

LABELS = {"held": "info", "settled": "success", "released": "warning"}


@admin.register(UsageRecord)
class UsageRecordAdmin(ReadOnlyAdmin):
    list_display = (
        "created_at", "person", "asked", "door", "program_name", "state_label",
        "tokens", "counted", "price", "times", "outcome",
    )  # fmt: skip
    list_select_related = ("account__user", "key")
    list_per_page = 30  # rows of many columns take their time to be written
    list_before_template = "usage/_looked_through.html"
    list_filter = (
        ("account", Named),
        ("key", Named),
        ("model", Named),
        ("deployment", Named),
        ("credential", Named),
        StateFilter,
        OutcomeFilter,
        CountFilter,
        Door,
        ("created_at", DayFilter),
    )
    search_fields = ("account__user__email",)
    search_help_text = _("by a person's e-mail address")
    whose = "account"
    whose_email = "user__email"
    fieldsets = (
        (None, {"fields": ("id", "account", "program", "door", "model_name")}),
        (_("Answered by"), {"fields": ("provider_name", "deployment_name", "provider_key")}),
        (_("State"), {"fields": ("state", "outcome")}),
        (
            _("Times"),
            {
                "fields": (
                    "created_at", "ended_at", "duration", "first_token", "lease_expires_at",
                )
            },
        ),
        (
            _("Hold"),
            {"fields": ("held_input_tokens", "held_output_tokens", "held_price", "held_against")},
        ),
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
    readonly_fields = (
        "program", "provider_key", "duration", "first_token", "held_price", "held_against",
    )  # fmt: skip

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[LedgerList]:
        return LedgerList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related(*self.list_select_related)

    @display(description=_("person"))
    def person(self, record: UsageRecord) -> str:
        user = record.account.user
        return user.email if user else gettext("somebody who left")

    @display(description=_("model"))
    def asked(self, record: UsageRecord) -> str:
        """Name the model asked for, and who answered where that was another."""
        if record.deployment_id == record.model_id:
            return record.model_name
        names = {"model": record.model_name, "deployment": record.deployment_name}
        return gettext("%(model)s, answered by %(deployment)s") % names

    @display(description=_("API key"))
    def program_name(self, record: UsageRecord) -> str | None:
        return _named(record, "key", lambda key: str(key.name))

    @display(description=_("API key"))
    def program(self, record: UsageRecord) -> str | None:
        return _named(record, "key")

    @display(description=_("provider key"))
    def provider_key(self, record: UsageRecord) -> str | None:
        return _named(record, "credential")

    @display(description=_("state"), label=LABELS)
    def state_label(self, record: UsageRecord) -> tuple[str, str]:
        return record.state, record.get_state_display()

    @display(description=_("tokens in / out"))
    def tokens(self, record: UsageRecord) -> str | None:
        if record.input_tokens is None or record.output_tokens is None:
            return None
        return f"{count(record.input_tokens)} / {count(record.output_tokens)}"

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

    @display(description=_("first token / end"))
    def times(self, record: UsageRecord) -> str | None:
        if record.latency_ms is None:
            return None
        return f"{self.first_token(record) or '–'} / {self.duration(record)}"

    @display(description=_("duration"))
    def duration(self, record: UsageRecord) -> str | None:
        return _seconds(record.latency_ms)

    @display(description=_("first token"))
    def first_token(self, record: UsageRecord) -> str | None:
        return _seconds(record.first_token_ms)

    @display(description=_("cost at most, in US dollars"))
    def held_price(self, record: UsageRecord) -> str | None:
        return None if record.held_cost is None else floatformat(record.held_cost, "-6")

    @display(description=_("limits that count it"))
    def held_against(self, record: UsageRecord) -> str | None:
        subjects = ("user", "team", "key", "model")
        limits = Limit.objects.filter(pk__in=record.limits).select_related(*subjects)
        names = [str(limit) for limit in limits]
        names += [gettext("deleted")] * (len(record.limits) - len(names))
        return ", ".join(names) or None


def _named(record: UsageRecord, field: str, name: Callable[[Any], str] = str) -> str | None:
    if getattr(record, f"{field}_id") is None:
        return None
    try:
        named = getattr(record, field)
    except ObjectDoesNotExist:
        named = None
    return name(named) if named else gettext("deleted")


def _seconds(milliseconds: int | None) -> str | None:
    return None if milliseconds is None else seconds(milliseconds)
