"""A text in another language."""

from collections.abc import Iterator
from typing import ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from generator.material import MaterialForm
from generator.recipes import fields
from generator.recipes.base import (
    Ask,
    Join,
    Misread,
    Problem,
    Recipe,
    Task,
    Values,
)
from generator.recipes.marks import lost
from generator.recipes.prompting import IS_MATERIAL, fenced

MOST_TERMS = 200
LONGEST_GLOSSARY = 10_000  # code points
OTHER = "other"
_FEW = 8  # lost marks that the model is told of
_LEAST_UNTRANSLATED = 60  # code points: a shorter text may be the same in two languages


class TranslationForm(MaterialForm):
    only_with: ClassVar = {"other_language": ("language", OTHER)}
    from_language = fields.choice(
        _("From"), (("detect", _("detect it")), *fields.LANGUAGES), initial="detect"
    )
    language = fields.choice(
        _("To"),
        (*fields.LANGUAGES, (OTHER, _("another language"))),
        initial=fields.language_of_the_page,
    )
    other_language = fields.line(
        _("Which other language"), required=False, example=_("Swiss German")
    )
    tone = fields.choice(_("Tone"), (("kept", _("as the text")), *fields.TONES), initial="kept")
    glossary = fields.text(
        _("Glossary"),
        required=False,
        rows=3,
        longest=LONGEST_GLOSSARY,
        help_text=_("One a line: term = translation."),
        example=_("bench = Werkbank"),
    )

    def clean_glossary(self) -> str:
        lines = list(enumerate(self.cleaned_data["glossary"].splitlines(), 1))
        terms = [(number, *_halves(line)) for number, line in lines if line.strip()]
        wrong = [number for number, term, translation in terms if not term or not translation]
        if wrong:
            raise forms.ValidationError(
                _("Line %(number)d is not “term = translation”."), params={"number": wrong[0]}
            )
        if len(terms) > MOST_TERMS:
            raise forms.ValidationError(
                _("A glossary has at most %(most)d lines."), params={"most": MOST_TERMS}
            )
        return "\n".join(f"{term} = {translation}" for _number, term, translation in terms)

    def clean(self) -> dict[str, object]:
        values = super().clean() or self.cleaned_data
        other = values.get("other_language", "")
        if values.get("language") == OTHER and not other and "other_language" in values:
            self.add_error("other_language", _("Say into which language."))
        if values.get("language") == values.get("from_language"):
            self.add_error("language", _("That is the language it is translated from."))
        return values


class Translation(Recipe):
    slug = "translation"
    task = Task.CHANGE
    name = _("Translation")
    summary = _("A text of any length in another language; placeholders and formatting stay.")
    words = _("translate, translator, localise, localize, foreign language, PDF, Word")
    Form = TranslationForm
    material = "text"
    join = Join.END_TO_END

    def ask(self, values: Values, material: str = "", *, is_notes: bool = False) -> Ask:
        return self._ask(values, material, "the text")

    def ask_part(self, values: Values, part: str, number: int, count: int) -> Ask:
        what = f"this part ({number} of {count}) of a text, and no more than it says"
        return self._ask(values, part, what)

    def _ask(self, values: Values, material: str, what: str) -> Ask:
        source = values["from_language"]
        known = "" if source == "detect" else f" from {source}"
        return Ask(
            system=(
                "You are a translator. You write the translation only, with nothing before or "
                "after it. You keep the Markdown, the line breaks, and unchanged: code, addresses, "
                "HTML elements, and placeholders such as {name}, %s, %(x)s, {{x}} and ${x}. "
                f"{IS_MATERIAL}"
            ),
            user=(
                f"Translate {what}{known} into "
                f"{_target(values)}.{_tone(values)}{_glossary(values)}\n\n{fenced(material)}"
            ),
            temperature=0.2,
        )

    def read(self, values: Values, text: str) -> str:
        return self.read_part(values, text, values["text"])

    def read_part(self, values: Values, text: str, part: str) -> str:
        """Raise `Misread` where marks of the part were lost, or nothing was translated."""
        if missing := lost(part, text):
            raise Misread(
                Problem.LOST_MARKS,
                "An earlier translation lost these, which must stay as they are: "
                f"{', '.join(mark[:80] for mark in missing[:_FEW])}",
            )
        if len(part) >= _LEAST_UNTRANSLATED and text.split() == part.split():
            raise Misread(
                Problem.LANGUAGE,
                f"An earlier answer was the text itself. Translate it into {_target(values)}.",
            )
        return text


def _target(values: Values) -> str:
    return values["other_language"] if values["language"] == OTHER else values["language"]


def _tone(values: Values) -> str:
    return "" if values["tone"] == "kept" else f"\nTone: {values['tone']}."


def _glossary(values: Values) -> str:
    if not values["glossary"]:
        return ""
    return f"\nTranslate these terms so and not otherwise:\n{values['glossary']}"


def _halves(line: str) -> Iterator[str]:
    term, _equals, translation = line.partition("=")
    return map(str.strip, (term, translation))
