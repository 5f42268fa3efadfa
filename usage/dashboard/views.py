"""The pages of usage: everybody's in the administration, one's own in the settings."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from accounts.access import person
from ops.sheets import csv_response
from usage.budgets import budgets_of
from usage.dashboard.asked import Asked, address, asked_from
from usage.dashboard.charts import charts, name_of_days
from usage.dashboard.kind import Kind
from usage.dashboard.measures import MEASURES
from usage.dashboard.period import today
from usage.dashboard.shown import rows_of_bars, rows_of_shares
from usage.dashboard.sums import over_time, shares, total
from usage.dashboard.table import rows_of_shares as sheet_of_shares
from usage.dashboard.table import rows_over_time as sheet_of_bars
from usage.figures import Figures
from usage.models import UsageRecord

ALL = (Kind.MODEL, Kind.PERSON, Kind.TEAM, Kind.KEY, Kind.PROVIDER, Kind.DOOR)
OWN = (Kind.MODEL, Kind.KEY)
RANGE_TITLES = {
    "7": gettext_lazy("7 days"),
    "30": gettext_lazy("30 days"),
    "90": gettext_lazy("90 days"),
    "12m": gettext_lazy("12 months"),
}
SHEET = {"format": "csv"}


@require_safe
def dashboard(request: HttpRequest) -> HttpResponseBase:
    """Show what all calls came to, to whoever may see the ledger."""
    if not admin.site.get_model_admin(UsageRecord).has_view_permission(request):
        raise PermissionDenied
    asked = asked_from(request.GET, ALL)
    mine = asked.chosen.rows
    if request.GET.get("format") == "csv":
        return _sheet(request, asked, mine)
    frame = {**admin.site.each_context(request), "title": _("Dashboard")}
    page = _figures(asked, mine, leads_to_ledger=True)
    return render(request, "admin/usage/dashboard.html", {**frame, **page})


@require_safe
def own_usage(request: HttpRequest) -> HttpResponseBase:
    """Show people what their own calls came to."""
    user = person(request)
    asked = asked_from(request.GET, OWN, user)
    mine = Q(account__user=user) & asked.chosen.rows
    if request.GET.get("format") == "csv":
        return _sheet(request, asked, mine)
    page = {**_figures(asked, mine, leads_to_ledger=False), "budgets": budgets_of(user)}
    return render(request, "usage/own.html", page)


def _figures(asked: Asked, mine: Q, *, leads_to_ledger: bool) -> dict[str, Any]:
    """Return what both pages show, all of it of the calls that `mine` describes."""
    bars = over_time(asked.period, mine)
    whole = sum((bar.figures for bar in bars), Figures())
    former = total(asked.period.former, mine)
    parts, others = shares(asked.period, mine, asked.by)
    return {
        **_ways(asked),
        "asked": asked,
        "today": today(),
        "measures": MEASURES,
        "total": whole,
        "days_shown": name_of_days(asked.period),
        "days_before": name_of_days(asked.period.former) if former.calls else "",
        "charts": charts(asked.period, bars, whole, former),
        "days": rows_of_bars(bars, asked.period.by, whole),
        "shares": rows_of_shares(parts, others, asked, whole, leads_to_ledger),
        "leads_to_ledger": leads_to_ledger,
    }


def _ways(asked: Asked) -> dict[str, Any]:
    """Return the links of a page: (words, address, whether it is what is shown)."""
    ranges = [
        (title, address(asked.filter, {"range": name}, asked.apart), name == asked.span)
        for name, title in RANGE_TITLES.items()
    ]
    kinds = [
        (kind.label, address(asked.filter, asked.days, {"by": kind}), kind == asked.by)
        for kind in asked.kinds
    ]
    return {
        "ranges": ranges,
        "kinds": kinds,
        "unfiltered": address(asked.days, asked.apart),
        "days_sheet": address(asked.filter, asked.days, SHEET),
        "shares_sheet": address(asked.filter, asked.days, asked.apart, {"rows": "shares"}, SHEET),
    }


def _sheet(request: HttpRequest, asked: Asked, mine: Q) -> HttpResponseBase:
    """Answer with a table as a spreadsheet: the parts where these are asked for, else the days."""
    days = f"{asked.period.first}-{asked.period.last}"
    if request.GET.get("rows") != "shares":
        return csv_response(f"usage-{days}", sheet_of_bars(over_time(asked.period, mine)))
    parts, others = shares(asked.period, mine, asked.by)
    rows = sheet_of_shares([*parts, others] if others else parts)
    return csv_response(f"usage-by-{asked.by}-{days}", rows)
