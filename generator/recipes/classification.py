"""Which of some labels a text, or each of several, has."""

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from generator.material import MaterialForm
from generator.recipes import fields
from generator.recipes.base import Ask, Join, Task, Values
from generator.recipes.named import NamesField, listed, names
from generator.recipes.prompting import IS_MATERIAL, fenced
from generator.recipes.rows import Rows, RowsRecipe
from generator.recipes.structured import json_of, misread, of_list

SENTIMENT = (
    "positive: pleased, praising or hopeful",
    "neutral: neither, or facts only",
    "negative: displeased, complaining or sad",
    "mixed: clearly both",
)
_LONGEST_SHOWN = 200  # letters of a text in the table


class ClassificationForm(MaterialForm):
    only_with: ClassVar = {"labels": ("labels_from", "own")}
    each_line = forms.BooleanField(label=_("Each line is a text of its own"), required=False)
    labels_from = fields.choice(
        _("Labels"),
        (("own", _("my own")), ("sentiment", _("sentiment"))),
        initial="own",
    )
    labels = NamesField(
        label=_("My labels"),
        required=False,
        least=2,
        example=_("complaint: something went wrong\nquestion\npraise"),
    )
    several = forms.BooleanField(label=_("A text can have several labels"), required=False)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if values.get("labels_from") == "own" and values.get("labels") == []:
            self.add_error("labels", _("Write at least two labels, one a line."))
        return values


class Classification(RowsRecipe):
    slug = "classification"
    task = Task.UNDERSTAND
    name = _("Labels and sentiment")
    summary = _("Which of your labels a text has, or each of many texts, and how surely.")
    words = _("classify, categorize, categorise, tag, topic, opinion, mood, CSV, PDF")
    Form = ClassificationForm
    material = "text"

    def joining(self, values: Values) -> Join:
        return Join.LINES if values["each_line"] else Join.NOTES

    def ask(self, values: Values, material: str = "", *, is_notes: bool = False) -> Ask:
        many = "one or more of these labels" if values["several"] else "exactly one of these labels"
        what = "the text"
        if values["each_line"]:
            what = "each of the numbered texts"
            material = _numbered(material)
        elif is_notes:
            what = "the long text of which these are notes"
        return Ask(
            system=(
                "You label texts. You answer with JSON only: "
                '{"results": [{"number": 1, "labels": ["…"], "confidence": 0.9}]}, '
                "where confidence goes from 0 (a guess) to 1 (certain) and labels are written "
                f"exactly as they are given. {IS_MATERIAL}"
            ),
            user=(
                f"Give {what} {many}:\n{listed(_labels(values))}\n"
                f"{'' if values['each_line'] else 'Its number is 1.'}\n\n{fenced(material)}"
            ),
            temperature=0,
            schema=_schema(values),
        )

    def ask_part(self, values: Values, part: str, number: int, count: int) -> Ask:
        if values["each_line"]:
            return self.ask(values, part)
        return Ask(
            system=(
                "You take notes of parts of a long text, by which somebody else will label it. "
                f"You add nothing, and give no label yourself. {IS_MATERIAL}"
            ),
            user=(
                f"The labels will be:\n{listed(_labels(values))}\n\nThis is part {number} of "
                f"{count}. Note in a few short sentences what in it tells for which of them."
                f"\n\n{fenced(part)}"
            ),
            temperature=0,
        )

    def columns(self, values: Values) -> list[str]:
        label = _now("Labels") if values["several"] else _now("Label")
        return [_now("Text"), label, _now("Confidence")]

    def rows(self, values: Values, text: str, material: str) -> Rows:
        texts = _lines(material) if values["each_line"] else [" ".join(material.split())]
        results = json_of(text, _schema(values))["results"]
        found = {each["number"]: each for each in results}
        if len(texts) == len(results) == 1:  # whatever it was called
            found = {1: results[0]}
        missing = [str(number) for number in range(1, len(texts) + 1) if number not in found]
        if missing:
            raise misread(f"there is no result for number {', '.join(missing[:10])}")
        return [
            [
                one if len(one) <= _LONGEST_SHOWN else one[: _LONGEST_SHOWN - 1] + "…",
                ", ".join(found[number]["labels"]),
                f"{found[number]['confidence']:.0%}",
            ]
            for number, one in enumerate(texts, 1)
        ]


def _labels(values: Values) -> list[str]:
    return list(SENTIMENT) if values["labels_from"] == "sentiment" else values["labels"]


def _schema(values: Values) -> dict[str, Any]:
    labels: dict[str, Any] = {
        "type": "array",
        "items": {"type": "string", "enum": names(_labels(values))},
        "minItems": 1,
    }
    if not values["several"]:
        labels["maxItems"] = 1
    one = {
        "number": {"type": "integer"},
        "labels": labels,
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
    }
    return of_list("results", one)


def _lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def _numbered(text: str) -> str:
    return "\n".join(f"{number}. {line}" for number, line in enumerate(_lines(text), 1))
