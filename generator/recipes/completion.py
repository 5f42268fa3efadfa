"""A text gone on with, by the classical parameters.

They are those of https://platform.openai.com/docs/api-reference/completions; `n` is how many
results are asked for. A number that is left empty is left to the server.
"""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from generator.recipes import fields
from generator.recipes.base import Ask, Kind, Recipe, RecipeForm, Task, Values
from providers.models import Ability

MOST_STOPS = 4  # as servers take them
LONGEST_STOP = 100
_LINE_END, _TAB = r"\n", r"\t"  # as they are typed


class StopsField(forms.CharField):
    """Its cleaned value is a list of the texts, one a line."""

    def __init__(self, **options: Any) -> None:
        super().__init__(strip=False, widget=forms.Textarea({"dir": "auto", "rows": 2}), **options)

    def prepare_value(self, value: Any) -> Any:
        """Return as it is typed what was kept of an earlier form."""
        if not isinstance(value, list | tuple):
            return value
        return "\n".join(stop.replace("\n", _LINE_END).replace("\t", _TAB) for stop in value)

    def clean(self, value: Any) -> Any:
        lines = super().clean(value).replace("\r\n", "\n").split("\n")
        stops = [line.replace(_LINE_END, "\n").replace(_TAB, "\t") for line in lines if line]
        if len(stops) > MOST_STOPS:
            raise ValidationError(_("At most four texts to stop at."))
        if any(len(stop) > LONGEST_STOP for stop in stops):
            raise ValidationError(_("A text to stop at has 100 characters at most."))
        return list(dict.fromkeys(stops))


def _number(label: Any, least: float, most: float, initial: float, help_text: Any) -> Any:
    return forms.FloatField(
        label=label,
        required=False,
        min_value=least,
        max_value=most,
        initial=initial,
        help_text=help_text,
        widget=forms.NumberInput({"step": "0.05"}),
    )


class CompletionForm(RecipeForm):
    prompt = forms.CharField(
        label=_("Prompt"),
        strip=False,  # a space at the end is part of it
        max_length=fields.LONGEST_TEXT,
        validators=[fields.not_blank],
        widget=forms.Textarea({"dir": "auto", "rows": 8}),
    )
    max_tokens = forms.IntegerField(
        label=_("Most tokens"),
        min_value=1,
        max_value=1_000_000,
        initial=256,
        help_text=_("of what is written; a token is about three quarters of a word"),
    )
    temperature = _number(
        _("Temperature"), 0, 2, 1, _("0 writes the most likely words, more is freer")
    )
    top_p = _number(
        _("Top p"), 0, 1, 1, _("chooses among the likeliest words that make up so much")
    )
    seed = forms.IntegerField(
        label=_("Seed"),
        required=False,
        min_value=0,
        max_value=2**31 - 1,
        help_text=_("the same seed gives the same text, where the server can"),
    )
    presence_penalty = _number(
        _("Presence penalty"), -2, 2, 0, _("more brings in new words, less stays with the old ones")
    )
    frequency_penalty = _number(
        _("Frequency penalty"), -2, 2, 0, _("more keeps words from coming again and again")
    )
    stop = StopsField(
        label=_("Stop at"),
        required=False,
        help_text=_(
            "up to four texts, one a line; what is written ends before them. \\n is the end of a "
            "line."
        ),
    )


class Completion(Recipe):
    slug = "completion"
    task = Task.FREE
    name = _("Completion")
    summary = _("Goes on with any text; every classical parameter is yours to set.")
    words = _("complete, continue, autocomplete, prompt, parameters, playground")
    kind = Kind.PLAIN
    Form = CompletionForm
    abilities = (Ability.COMPLETIONS, Ability.CHAT)  # one that talks is told to go on

    def ask(self, values: Values, material: str = "", *, is_notes: bool = False) -> Ask:
        return Ask(
            user=values["prompt"],
            completes=True,
            max_tokens=values["max_tokens"],
            temperature=values["temperature"],
            top_p=None if values["top_p"] == 1 else values["top_p"],  # all: some refuse to hear it
            stop=tuple(values["stop"]),
            seed=values["seed"],
            presence_penalty=values["presence_penalty"] or None,
            frequency_penalty=values["frequency_penalty"] or None,
        )

    def read(self, values: Values, text: str) -> str:
        """Return it up to the first text to stop at: a model may not know how to."""
        found = [text.find(stop) for stop in values["stop"]]
        return text[: min((at for at in found if at >= 0), default=None)]
