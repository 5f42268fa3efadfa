"""The details of an entry of the audit trail, in words."""

import datetime as dt
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from django.apps import apps
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.timezone import is_aware, localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ops.models import AuditEntry

ALL = "*"
# Lists of words, which are not "old, new".
LISTS = ("by", "changed", "filters")
NAMES = {
    "administrator": gettext_lazy("as an administrator"),
    "by": gettext_lazy("by"),
    "changed": gettext_lazy("changed"),
    "command": gettext_lazy("command"),
    "count": gettext_lazy("count"),
    "factor": gettext_lazy("second factor"),
    "filters": gettext_lazy("filters"),
    "format": gettext_lazy("format"),
    "former": gettext_lazy("former"),
    "instead_of": gettext_lazy("instead of"),
    "left": gettext_lazy("left"),
    "members_added": gettext_lazy("members added"),
    "members_removed": gettext_lazy("members removed"),
    "models": gettext_lazy("models"),
    "overlap_hours": gettext_lazy("hours of overlap"),
    "passed": gettext_lazy("passed"),
    "route_changed": gettext_lazy("routes changed"),
    "route_deleted": gettext_lazy("routes removed"),
    "route_new": gettext_lazy("routes added"),
    "teams_added": gettext_lazy("teams added"),
    "teams_removed": gettext_lazy("teams removed"),
    "unreadable": gettext_lazy("unreadable"),
}


def lines(entry: AuditEntry) -> Iterator[tuple[str, str]]:
    """Yield what each detail is called and what it says: a changed setting as "old → new"."""
    for name, value in entry.details.items():
        called = _name(entry.kind, name)
        if name in LISTS and isinstance(value, list):
            yield called, ", ".join(_name(entry.kind, str(each)) for each in value)
        elif isinstance(value, list) and len(value) == 2:
            yield called, f"{_value(value[0])} → {_value(value[1])}"
        else:
            yield called, _value(value)


def _name(kind: str, name: str) -> str:
    """Return what a setting is called on the pages of its model, or of the limits on a row of it.

    What another version wrote is called as it is in the entry.
    """
    if name in NAMES:
        return capfirst(str(NAMES[name]))
    verbose = None
    with suppress(LookupError, ValueError):
        fields = {each.name: each for each in apps.get_model(kind)._meta.get_fields()}
        if "limit" in fields:
            of_limit = fields["limit"].related_model._meta.get_fields()
            fields = {**{each.name: each for each in of_limit}, **fields}
        verbose = getattr(fields.get(name), "verbose_name", None)
    return capfirst(str(verbose or name.replace("_", " ")))


def _value(value: Any) -> str:
    if value is None or value == "" or value == []:
        return _("nothing")
    if value == ALL:
        return _("all")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(_value(each) for each in value)
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_value(each)}" for name, each in value.items())
    moment = _moment(str(value))
    return date_format(localtime(moment), "DATETIME_FORMAT") if moment else str(value)


def _moment(text: str) -> dt.datetime | None:
    """Read a time as JSON has it; `None` for any other text, which may be like one."""
    with suppress(ValueError):
        moment = parse_datetime(text)
        return moment if moment and is_aware(moment) else None
    return None
