"""A table of one's own columns, filled from a text."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from generator.material import MaterialForm
from generator.recipes import fields
from generator.recipes.base import Ask, Task, Values
from generator.recipes.named import NamesField, listed, names
from generator.recipes.prompting import IS_MATERIAL, fenced
from generator.recipes.rows import Rows, RowsRecipe
from generator.recipes.structured import json_of, of_list


class TableExtractionForm(MaterialForm):
    row = fields.line(_("What a row is"), required=False, example=_("an order"))
    columns = NamesField(
        label=_("Columns"), most=20, example=_("customer\nitem\nprice: with its currency")
    )


class TableExtraction(RowsRecipe):
    slug = "table-extraction"
    task = Task.UNDERSTAND
    name = _("Table from a text")
    summary = _("Your own columns, filled with what a text says.")
    words = _("extract, spreadsheet, CSV, Excel, columns, data, PDF, Word")
    Form = TableExtractionForm
    material = "text"

    def title(self, values: Values) -> str:
        return ", ".join(names(values["columns"]))

    def ask(self, values: Values, material: str = "", *, is_notes: bool = False) -> Ask:
        row = values["row"] or "one thing that the text tells of"
        return Ask(
            system=(
                "You fill tables from a text. You answer with JSON only: an object with a list "
                "“rows” of objects, one for each row, with all columns as keys. You take only what "
                "the text says; where it does not say it, the value is null; where there is no "
                f"row, the list is empty. {IS_MATERIAL}"
            ),
            user=(
                f"Each row is: {row}\nThe columns:\n{listed(values['columns'])}\n\n"
                f"{fenced(material)}"
            ),
            temperature=0,
            schema=_schema(values),
        )

    def ask_part(self, values: Values, part: str, number: int, count: int) -> Ask:
        return self.ask(values, part)

    def columns(self, values: Values) -> list[str]:
        return names(values["columns"])

    def rows(self, values: Values, text: str, material: str) -> Rows:
        columns = names(values["columns"])
        found = json_of(text, _schema(values))["rows"]
        return [["" if row[name] is None else str(row[name]) for name in columns] for row in found]


def _schema(values: Values) -> dict[str, Any]:
    types = {"type": ["string", "number", "null"]}
    return of_list("rows", dict.fromkeys(names(values["columns"]), types))
