"""The details of an entry of the audit trail, in words."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ops.models import AuditEntry

# Lists of words, which are not "old, new".
LISTS = ("by", "changed", "filters")
NAMES = {
    "by": gettext_lazy("by"),
    "changed": gettext_lazy("changed"),
    "command": gettext_lazy("command"),
    "count": gettext_lazy("count"),
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
    """Return what a setting is called on the pages of its model."""
    if name in NAMES:
        return capfirst(str(NAMES[name]))
    try:
        field = apps.get_model(kind)._meta.get_field(name)
    except (LookupError, ValueError, FieldDoesNotExist):
        return capfirst(name.replace("_", " "))
    return capfirst(str(getattr(field, "verbose_name", name)))


def _value(value: Any) -> str:
    if value is None or value == "" or value == []:
        return _("nothing")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(_value(each) for each in value)
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_value(each)}" for name, each in value.items())
    return str(value)
