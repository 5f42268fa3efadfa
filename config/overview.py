"""The first page of the administration: how the house is doing, by rows of the last day alone."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db.models import Count, Model, Q
from django.db.models.functions import Now
from django.http import HttpRequest
from django.template.defaultfilters import floatformat
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from ops.models import AuditEntry
from providers.models import ModelSpec, Provider
from runs.models import Run
from runs.states import State
from usage.models import Limit, UsageRecord
from usage.nearing import nearing, standings_of
from usage.numbers import count
from usage.rollups import sums_since

DAY = dt.timedelta(days=1)
MOST_BUDGETS = 10
NEWEST = 8  # entries of the audit trail


@dataclass(frozen=True)
class Figure:
    """A number with its name, what explains it, and where more of it is."""

    label: str
    value: str
    note: str
    href: str


@dataclass(frozen=True)
class Budget:
    """A budget near its end: whose, what is spent of what, that as a percentage, and its page."""

    whose: str
    href: str
    amounts: str
    percent: int


def overview(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the figures that the person may see the rows of."""
    makers = ((User, people), (ModelSpec, models), (Run, answers), (UsageRecord, calls))
    figures = [
        make(_list_of(model))
        for model, make in makers
        if admin.site.get_model_admin(model).has_view_permission(request)
    ]
    sees_limits = admin.site.get_model_admin(Limit).has_view_permission(request)
    return {
        **context,
        "title": _("Overview"),
        "figures": figures,
        "budgets": budgets() if sees_limits else [],
        "connect": first_step(request),
        "newest": newest_acts(request),
    }


def newest_acts(request: HttpRequest) -> list[AuditEntry]:
    """Return the newest entries of the audit trail, to whoever may see it."""
    if not admin.site.get_model_admin(AuditEntry).has_view_permission(request):
        return []
    return list(AuditEntry.objects.order_by("-pk")[:NEWEST])


def first_step(request: HttpRequest) -> str:
    """Return where a provider is added, while there is only the model that came along."""
    may_add = admin.site.get_model_admin(Provider).has_add_permission(request)
    if not may_add or Provider.objects.filter(is_embedded=False).exists():
        return ""
    return reverse("admin:providers_provider_add")


def people(href: str) -> Figure:
    counts = User.objects.aggregate(
        active=Count("pk", filter=Q(is_active=True)),
        seen=Count("pk", filter=Q(last_login__gt=Now() - DAY)),
    )
    note = _("%s signed in within a day") % count(counts["seen"])
    return Figure(_("People"), count(counts["active"]), note, href)


def models(href: str) -> Figure:
    default = ModelSpec.objects.answering().filter(is_default=True).first()
    note = _("new chats begin with %s") % default.label if default else _("none is the default")
    return Figure(_("Models"), count(ModelSpec.objects.answering().count()), note, href)


def answers(href: str) -> Figure:
    live = dict(
        Run.objects.filter(state__in=(State.QUEUED, State.RUNNING))
        .order_by()
        .values_list("state")
        .annotate(Count("pk"))
    )
    failed = Run.objects.filter(
        created_at__gt=Now() - DAY, state__in=(State.FAILED, State.INTERRUPTED)
    ).count()
    note = _("%(waiting)s waiting, %(failed)s went wrong within a day") % {
        "waiting": count(live.get(State.QUEUED, 0)),
        "failed": count(failed),
    }
    return Figure(_("Answers being written"), count(live.get(State.RUNNING, 0)), note, href)


def calls(_list: str) -> Figure:
    """Lead to what calls came to in each of the last days; the ledger itself is in the sidebar."""
    sums = sums_since(timezone.now() - DAY, Q())
    note = _("%(tokens)s tokens, $%(cost)s") % {
        "tokens": count(sums.input_tokens + sums.output_tokens),
        "cost": floatformat(sums.cost, "2"),
    }
    week = reverse("usage:dashboard") + "?range=7"
    return Figure(_("Calls within a day"), count(sums.calls), note, week)


def budgets() -> list[Budget]:
    """Return the budgets nearest to their end."""
    limits = Limit.objects.near_their_end().select_related("user", "team", "key", "model")
    near = sorted(nearing(standings_of(limits)), key=lambda each: -each.percent)
    return [
        Budget(str(limit.subject), _page_of(limit), each.amounts, each.percent)
        for each in near[:MOST_BUDGETS]
        for limit in [each.standing.limit]
    ]


def _page_of(limit: Limit) -> str:
    return reverse("admin:usage_limit_change", args=[limit.pk])


def _list_of(model: type[Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
