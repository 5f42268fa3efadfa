"""Recipes whose result is a table: the model answers with JSON, and the rows are made of it."""

import json
from collections.abc import Sequence
from typing import ClassVar

from generator.recipes.base import Join, Kind, Recipe, Values
from generator.recipes.tables import table

Rows = list[list[str]]


class RowsRecipe(Recipe):
    """The rows of a long material's parts are those of one table."""

    kind = Kind.TABLE
    join: ClassVar[Join] = Join.END_TO_END

    def columns(self, values: Values) -> list[str]:
        """Return what stands above the rows."""
        raise NotImplementedError

    def rows(self, values: Values, text: str, material: str) -> Rows:
        """Return the rows that an answer to `material` holds. Raises `Misread`."""
        raise NotImplementedError

    def merged(self, rows: Rows) -> Rows:
        """Return the rows of all parts as they are shown."""
        return rows

    def read(self, values: Values, text: str) -> str:
        rows = self.rows(values, text, values[self.material])
        return table(self.columns(values), self.merged(rows))

    def read_part(self, values: Values, text: str, part: str) -> str:
        return json.dumps(self.rows(values, text, part), ensure_ascii=False)

    def joined(self, values: Values, kept: Sequence[str]) -> str:
        rows: Rows = []
        misread = []
        for text in kept:
            found = _rows_in(text)
            if found is None:
                misread.append(text.strip())
            else:
                rows += found
        shown = table(self.columns(values), self.merged(rows))
        return "\n\n".join([shown, *(_verbatim(text) for text in misread)])


def _rows_in(text: str) -> Rows | None:
    """Return what `read_part` kept; `None` for an answer that was misread."""
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError):
        return None
    is_rows = isinstance(rows, list) and all(
        isinstance(row, list) and all(isinstance(cell, str) for cell in row) for row in rows
    )
    return rows if is_rows else None


def _verbatim(text: str) -> str:
    """Return it as code, between fences that are longer than any in it."""
    fence = "~" * 3
    while fence in text:
        fence += "~"
    return f"{fence}\n{text}\n{fence}"
