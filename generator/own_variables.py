"""The variables of a recipe that people make: what each asks for, and how it is kept.

In the prompt a variable stands as `{{name}}`; `assistants.variables` says what a name is. Values
are plain text when they are filled in: braces in them are not looked at again.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import TextChoices
from django.utils.html import conditional_escape
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assistants.variables import LONGEST_NAME as LONGEST_VARIABLE
from assistants.variables import variables
from generator.recipes import fields
from generator.recipes.base import Words

MOST_OPTIONS = 100
LONGEST_LABEL = 120
LONGEST_HELP = 300
MOST = 1e12  # larger numbers are not written out
YES, NO = "yes", "no"


class Asks(TextChoices):
    """What a variable asks for."""

    LINE = "line", gettext_lazy("a few words")
    TEXT = "text", gettext_lazy("a text")
    NUMBER = "number", gettext_lazy("a number")
    CHOICE = "choice", gettext_lazy("one of a list")
    YES_NO = "yes_no", gettext_lazy("yes or no")


class NumberField(forms.FloatField):
    """A number, whole where it can be: 3 is written as 3."""

    def to_python(self, value: Any) -> Any:
        number = super().to_python(value)
        return int(number) if number is not None and number.is_integer() else number


@dataclass(frozen=True, slots=True)
class Variable:
    """`default` is text that the field begins with, `example` what the preview fills in."""

    name: str
    asks: str = Asks.LINE
    label: str = ""
    help: str = ""
    is_required: bool = True
    default: str = ""
    example: str = ""
    options: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> Self:
        return cls(**{**kept, "options": tuple(kept["options"])})

    def kept(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {**asdict(self), "options": list(self.options)}

    @property
    def field_name(self) -> str:
        """What the form calls it: no space, and nothing that a page's other fields are called."""
        return "v-" + self.name.replace(" ", "-")

    def field(self) -> forms.Field:
        """Return what asks for it."""
        label = self.label or self.name
        escaped = conditional_escape(self.help)  # Django shows a help as HTML
        given: dict[str, Any] = {"required": self.is_required, "help_text": escaped}
        field: forms.Field
        if self.asks == Asks.TEXT:
            field = fields.text(label, **given)
        elif self.asks == Asks.NUMBER:
            least = -MOST if self.least is None else self.least
            most = MOST if self.most is None else self.most
            field = NumberField(label=label, min_value=least, max_value=most, **given)
            field.widget.attrs |= {"step": "any"}
        elif self.asks == Asks.CHOICE:
            field = forms.ChoiceField(label=label, choices=self._choices(), **given)
        elif self.asks == Asks.YES_NO:
            field = forms.BooleanField(label=label, required=False, help_text=escaped)
        else:
            field = fields.line(label, **given)
        field.initial = self.default == YES if self.asks == Asks.YES_NO else self.default
        return field

    def _choices(self) -> list[tuple[str, Words]]:
        options: list[tuple[str, Words]] = [(option, option) for option in self.options]
        return options if self.is_required and self.default else [("", "—"), *options]

    def said(self, value: Any) -> str:
        """Return what the prompt says in its place, of the form's `value`."""
        if self.asks == Asks.YES_NO:
            return YES if value else NO
        return "" if value is None else str(value)


def used_in(*texts: str) -> list[Variable]:
    """Return the variables that stand in `texts`, as what their places say about them."""
    return [
        Variable(
            name=found.name,
            asks=Asks.TEXT if found.is_long else Asks.LINE,
            is_required=found.is_required,
            default=found.default or "",
        )
        for found in variables("\n".join(texts))
    ]


def is_text(text: str) -> bool:
    """Say whether Postgres and the wire can carry it: NUL and lone surrogates they cannot."""
    try:
        return b"\x00" not in text.encode()
    except UnicodeEncodeError:
        return False


def checked(variable: Variable) -> Variable:
    """Return it as it is kept, without what its kind has no use for.

    Raises one `ValidationError` keyed by what is to blame.
    """
    name = " ".join(variable.name.split())
    is_choice, is_number = variable.asks == Asks.CHOICE, variable.asks == Asks.NUMBER
    is_yes_no = variable.asks == Asks.YES_NO
    options = tuple(_once(variable.options)) if is_choice else ()
    example = _answer(variable.example) if is_yes_no else variable.example.strip()
    clean = Variable(
        name=name,
        asks=variable.asks,
        label=variable.label.strip(),
        help=variable.help.strip(),
        is_required=variable.is_required and not is_yes_no,
        default=_answer(variable.default) if is_yes_no else variable.default.strip(),
        # One from before it became a list is of no use any more, and no reason to refuse it.
        example="" if is_choice and example not in options else example,
        options=options,
        least=variable.least if is_number else None,
        most=variable.most if is_number else None,
    )
    if errors := {**_wrong_name(clean), **_wrong_bounds(clean)} or _wrong_values(clean):
        raise ValidationError(errors)
    return clean


def _wrong_name(variable: Variable) -> dict[str, Any]:
    found = variables("{{" + variable.name + "}}")
    is_name = [each.name for each in found] == [variable.name] and variable.name[0] != "_"
    texts = {name: getattr(variable, name) for name in ("label", "help", "default", "example")}
    texts["options"] = "".join(variable.options)
    no_text = _("This holds characters that are no text.")
    wrong: dict[str, Any] = {name: no_text for name, text in texts.items() if not is_text(text)}
    if not is_name:
        wrong["name"] = ValidationError(
            _("A name has at most %(most)d letters, digits and spaces and begins with a letter."),
            code="no_name",
            params={"most": LONGEST_VARIABLE},
        )
    if variable.asks not in Asks:
        wrong["asks"] = _("Choose what it asks for.")
    if len(variable.label) > LONGEST_LABEL:
        wrong["label"] = _("A label has at most %d characters.") % LONGEST_LABEL
    if len(variable.help) > LONGEST_HELP:
        wrong["help"] = _("A help has at most %d characters.") % LONGEST_HELP
    return wrong


def _wrong_bounds(variable: Variable) -> dict[str, Any]:
    least, most = variable.least, variable.most
    wrong: dict[str, Any] = {}
    for name, number in (("least", least), ("most", most)):
        if number is not None and not (math.isfinite(number) and abs(number) <= MOST):
            wrong[name] = _("This number is too large.")
    if not wrong and least is not None and most is not None and least > most:
        wrong["most"] = _("The largest number is smaller than the smallest.")
    if variable.asks != Asks.CHOICE:
        return wrong
    if not variable.options:
        wrong["options"] = _("Write what can be chosen, one on each line.")
    elif len(variable.options) > MOST_OPTIONS:
        wrong["options"] = _("A list has at most %d entries.") % MOST_OPTIONS
    elif max(map(len, variable.options)) > fields.LONGEST_LINE:
        wrong["options"] = _("An entry has at most %d characters.") % fields.LONGEST_LINE
    return wrong


def _wrong_values(variable: Variable) -> dict[str, Any]:
    """Return what is wrong with the default and the example, as the variable's own field says."""
    wrong: dict[str, Any] = {}
    for name, value in (("default", variable.default), ("example", variable.example)):
        if value and variable.asks == Asks.YES_NO:
            if value not in (YES, NO):
                wrong[name] = _("Write “yes” or “no”.")
        elif value:
            try:
                variable.field().clean(value)
            except ValidationError as error:
                wrong[name] = error
    return wrong


def _answer(text: str) -> str:
    """Return a yes or no that was written in the reader's language as it is kept."""
    text = text.strip().casefold()
    return {_("yes").casefold(): YES, _("no").casefold(): NO}.get(text, text)


def _once(options: Iterable[str]) -> Iterable[str]:
    return dict.fromkeys(option.strip() for option in options if option.strip())
