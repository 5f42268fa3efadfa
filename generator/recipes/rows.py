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

    def misread_part(self, text: str) -> str:
        """Return text where rows are a list, since what was misread may look like rows."""
        return json.dumps(text.strip(), ensure_ascii=False)

    def joined(self, values: Values, kept: Sequence[str]) -> str:
        rows: Rows = []
        misread = []
        for found in (json.loads(text.strip()) for text in kept):
            if isinstance(found, list):
                rows += found
            elif found:
                misread.append(found)
        shown = table(self.columns(values), self.merged(rows))
        return "\n\n".join([shown, *(_verbatim(text) for text in misread)])


def _verbatim(text: str) -> str:
    """Return it as code, between fences that are longer than any in it."""
    fence = "~" * 3
    while fence in text:
        fence += "~"
    return f"{fence}\n{text}\n{fence}"
