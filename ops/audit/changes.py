"""What an act changes, as an entry's details have it."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Model


def changes(row: Model, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return `[old, new]` of each setting that differs from the row's, by its name."""
    before = {name: getattr(row, name) for name in settings}
    return {name: [before[name], new] for name, new in settings.items() if before[name] != new}
