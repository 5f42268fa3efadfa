"""Runs, to look at and to stop. What was asked and answered is not shown here."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from ops.admin import ReadOnlyAdmin, ReadOnlyInline
from ops.filters import DayFilter, DoorFilter
from runs import actions
from runs.models import Attempt, Run
from runs.states import LIVE

LABELS = {
    "queued": "info",
    "running": "info",
    "done": "success",
    "stopped": "warning",
    "interrupted": "warning",
    "failed": "danger",
}


class AttemptInline(ReadOnlyInline):
    model = Attempt
    fields = ("number", "fence", "started_at", "ended_at", "error_kind", "ledger")
    readonly_fields = fields
    ordering = ("number",)
    hide_title = True

    @display(description=_("usage record"))
    def ledger(self, attempt: Attempt) -> str:
        url = reverse("admin:usage_usagerecord_change", args=[attempt.usage_id])
        return format_html('<a href="{}">{}</a>', url, attempt.usage.get_state_display())

    def get_queryset(self, request: HttpRequest) -> QuerySet[Attempt]:
        return super().get_queryset(request).select_related("usage")


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    list_display = (
        "created_at", "person", "door", "model", "state_label", "error_kind", "seconds", "id",
    )  # fmt: skip
    list_select_related = ("user", "model")
    list_filter = (
        ("state", ChoicesDropdownFilter),
        DoorFilter,
        ("model", RelatedDropdownFilter),
        ("created_at", DayFilter),
    )
    search_fields = ("user__email", "id")
    search_help_text = _("by a person's e-mail address, or a run's id")
    hidden = ("text", "prefix")
    fieldsets = (
        (None, {"fields": ("id", "user", "account", "door", "topic", "model", "client_id")}),
        (_("State"), {"fields": ("state", "finish_reason", "error_kind", "stop_requested_at")}),
        (_("Worker"), {"fields": ("worker", "fence", "lease_expires_at")}),
        (_("Times"), {"fields": ("created_at", "claimed_at", "first_text_at", "finished_at")}),
    )
    inlines = (AttemptInline,)
    actions = ("stop",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        try:
            return queryset.filter(pk=UUID(search_term.strip())), False
        except ValueError:
            return super().get_search_results(request, queryset, search_term)

    @display(description=_("person"))
    def person(self, run: Run) -> str:
        return run.user.email if run.user else gettext("somebody who left")

    @display(description=_("state"), label=LABELS)
    def state_label(self, run: Run) -> tuple[str, str]:
        return run.state, run.get_state_display()

    @display(description=_("seconds"))
    def seconds(self, run: Run) -> str | None:
        """From the question to the end of the answer."""
        if run.finished_at is None:
            return None
        return f"{(run.finished_at - run.created_at).total_seconds():.1f}"

    def has_stop_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    @admin.action(description=_("Stop"), permissions=["stop"])
    def stop(self, request: HttpRequest, queryset: QuerySet[Run]) -> None:
        """Ask for the end of those still live; their text so far is kept."""
        live = list(queryset.filter(state__in=LIVE))
        for run in live:
            actions.stop_anothers(run)
        said = ngettext("%d run was asked to stop.", "%d runs were asked to stop.", len(live))
        self.message_user(request, said % len(live), messages.SUCCESS)
