"""What the administration's pages of several rooms share, and the pages of the audit trail."""

from ops.admin import trail
from ops.admin.pages import (
    MOST_OWNERS,
    MOST_ROWS,
    ContestedAdmin,
    NewestRows,
    ReadOnlyAdmin,
    ReadOnlyInline,
    Searched,
    SearchedOne,
    SearchingAdmin,
    SelectingAdmin,
    UncountedList,
    is_key,
    limit_link,
)
from ops.admin.recorded import RecordedAdmin, plainly

__all__ = [
    "MOST_OWNERS",
    "MOST_ROWS",
    "ContestedAdmin",
    "NewestRows",
    "ReadOnlyAdmin",
    "ReadOnlyInline",
    "RecordedAdmin",
    "Searched",
    "SearchedOne",
    "SearchingAdmin",
    "SelectingAdmin",
    "UncountedList",
    "is_key",
    "limit_link",
    "plainly",
    "trail",
]
