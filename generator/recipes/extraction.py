"""Who and what a text names."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from generator.material import MaterialForm
from generator.recipes.base import Ask, Task, Values
from generator.recipes.named import NamesField, listed, names
from generator.recipes.prompting import IS_MATERIAL, fenced
from generator.recipes.rows import Rows, RowsRecipe
from generator.recipes.structured import json_of, of_list

KINDS = (
    ("person", _("people")),
    ("organisation", _("organisations")),
    ("place", _("places")),
    ("date", _("dates")),
    ("amount", _("amounts")),
)

_MOST_LOOKED_THROUGH = 500_000_000  # code points, within a transaction: a part of a second


class ExtractionForm(MaterialForm):
    kinds = forms.MultipleChoiceField(
        label=_("What to find"),
        choices=KINDS,
        required=False,
        initial=[kind for kind, _name in KINDS],
        widget=forms.CheckboxSelectMultiple,
    )
    own_kinds = NamesField(
        label=_("More to find"),
        required=False,
        most=20,
        example=_("product: what is sold\nlaw"),
    )

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if values.get("kinds") == [] and values.get("own_kinds") == []:
            self.add_error("kinds", _("Choose at least one kind, or write your own."))
        return values


class Extraction(RowsRecipe):
    slug = "extraction"
    task = Task.UNDERSTAND
    name = _("Names, dates and amounts")
    summary = _("Who and what a text names, as a table.")
    words = _("extract, find, entities, people, places, money, PDF, Word")
    Form = ExtractionForm
    material = "text"

    def ask(self, values: Values, material: str = "", *, is_notes: bool = False) -> Ask:
        return Ask(
            system=(
                "You find what a text names. You answer with JSON only: "
                '{"found": [{"kind": "…", "text": "…"}]}. Each text is copied from the text word '
                "for word and is there once; where there is nothing, the list is empty. "
                f"{IS_MATERIAL}"
            ),
            user=f"Find all of these kinds:\n{listed(_kinds(values))}\n\n{fenced(material)}",
            temperature=0,
            schema=_schema(values),
        )

    def ask_part(self, values: Values, part: str, number: int, count: int) -> Ask:
        return self.ask(values, part)

    def columns(self, values: Values) -> list[str]:
        return [_now("Kind"), _now("Found"), _now("Times in the text")]

    def rows(self, values: Values, text: str, material: str) -> Rows:
        """Count here how often each is in the material: 0 says that the model made it up.

        Of very many in a very long text only the first are counted.
        """
        source = " ".join(material.split()).casefold()
        found = json_of(text, _schema(values))["found"]
        whole = [(each["kind"], " ".join(each["text"].split())) for each in found]
        once = {(kind, one.casefold()): (kind, one) for kind, one in whole if one}
        counted = _MOST_LOOKED_THROUGH // max(len(source), 1)
        return [
            [kind, one, str(source.count(one.casefold())) if place < counted else ""]
            for place, (kind, one) in enumerate(once.values())
        ]

    def merged(self, rows: Rows) -> Rows:
        """Return each once, those of one kind together."""
        times: dict[tuple[str, str], int] = {}
        shown: dict[tuple[str, str], str] = {}
        uncounted: set[tuple[str, str]] = set()
        for kind, one, count in rows:
            key = (kind, one.casefold())
            times[key] = times.get(key, 0) + int(count or 0)
            shown.setdefault(key, one)
            if not count:
                uncounted.add(key)
        kinds = list(dict.fromkeys(kind for kind, _one in times))
        order = sorted(times, key=lambda key: kinds.index(key[0]))
        return [[key[0], shown[key], "" if key in uncounted else str(times[key])] for key in order]


def _kinds(values: Values) -> list[str]:
    return [*values["kinds"], *values["own_kinds"]]


def _schema(values: Values) -> dict[str, Any]:
    kinds = list(dict.fromkeys(names(_kinds(values))))
    return of_list("found", {"kind": {"type": "string", "enum": kinds}, "text": {"type": "string"}})
