"""What an act changes, as an entry's details have it."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Model


def changes(row: Model, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return `[old, new]` of each setting that differs from the row's, by its name."""
    return differing({name: getattr(row, name) for name in settings}, settings)


def differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return `[old, new]` of each setting that differs; both have the same names."""
    return {name: [old[name], new[name]] for name in new if old[name] != new[name]}
