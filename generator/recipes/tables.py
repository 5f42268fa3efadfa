"""Tables in Markdown, of cells that a model wrote."""

import re
from collections.abc import Iterable, Sequence

# What would be a mark, a cell's end, an element or an entity.
_MARKS = re.compile(r"[\\|`*_<>&~$]")
_BRACKETS = str.maketrans({"[": "&#91;", "]": "&#93;"})  # behind a backslash they are a formula's


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table whose cells are shown as they are, whatever is in them."""
    shown = [[cell(each) for each in row] for row in (columns, *rows)]
    lines = [shown[0], ["---"] * len(columns), *shown[1:]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(text: str) -> str:
    """Return the source of a cell that reads `text`, in one line."""
    return _MARKS.sub(r"\\\g<0>", " ".join(text.split())).translate(_BRACKETS)
