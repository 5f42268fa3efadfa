"""Fields that many recipes have, so that they look and are called the same."""

from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from generator.recipes.base import Words

LONGEST_LINE = 300  # code points
LONGEST_TEXT = 50_000


def not_blank(text: str) -> None:
    """Refuse nothing but white space where a field keeps it as it is."""
    if not text.strip():
        raise forms.ValidationError(forms.Field.default_error_messages["required"], "required")


def line(label: Words, *, required: bool = True, help_text: Words = "", example: Words = "") -> Any:
    """Return a field for a few words."""
    return forms.CharField(
        label=label,
        required=required,
        max_length=LONGEST_LINE,
        help_text=help_text,
        widget=forms.TextInput({"dir": "auto", "autocomplete": "off", "placeholder": example}),
    )


def text(
    label: Words,
    *,
    required: bool = True,
    help_text: Words = "",
    example: Words = "",
    rows: int = 6,
    longest: int = LONGEST_TEXT,
) -> Any:
    """Return a field for paragraphs."""
    return forms.CharField(
        label=label,
        required=required,
        max_length=longest,
        help_text=help_text,
        widget=forms.Textarea({"dir": "auto", "rows": rows, "placeholder": example}),
    )


def choice(label: Words, choices: Any, *, initial: Any, help_text: Words = "") -> Any:
    """Return a field for one of a few; `choices` are pairs of what is kept and what is shown."""
    return forms.ChoiceField(label=label, choices=choices, initial=initial, help_text=help_text)


LANGUAGES = (
    ("English", _("English")),
    ("Simplified Chinese", _("Chinese (simplified)")),
    ("Traditional Chinese", _("Chinese (traditional)")),
    ("Spanish", _("Spanish")),
    ("French", _("French")),
    ("German", _("German")),
    ("Portuguese", _("Portuguese")),
    ("Italian", _("Italian")),
    ("Dutch", _("Dutch")),
    ("Russian", _("Russian")),
    ("Ukrainian", _("Ukrainian")),
    ("Polish", _("Polish")),
    ("Turkish", _("Turkish")),
    ("Arabic", _("Arabic")),
    ("Hebrew", _("Hebrew")),
    ("Hindi", _("Hindi")),
    ("Japanese", _("Japanese")),
    ("Korean", _("Korean")),
    ("Vietnamese", _("Vietnamese")),
    ("Indonesian", _("Indonesian")),
)
TONES = (
    ("neutral", _("neutral")),
    ("friendly", _("friendly")),
    ("formal", _("formal")),
    ("enthusiastic", _("enthusiastic")),
    ("plain", _("plain and simple")),
    ("witty", _("witty")),
    ("persuasive", _("persuasive")),
)


def language() -> Any:
    return choice(_("Language"), LANGUAGES, initial=language_of_the_page)


def language_of_the_page() -> str:
    code = get_language() or ""
    return "Simplified Chinese" if code.startswith("zh") else "English"


def language_of_text() -> Any:
    """Return a field for the language to answer in, with the text's own as the first."""
    own = "the language of the text"
    return choice(_("Language"), ((own, _("as the text")), *LANGUAGES), initial=own)


def tone(initial: str = "neutral") -> Any:
    return choice(_("Tone"), TONES, initial=initial)


def count(label: Words, *, initial: int, most: int, least: int = 1) -> Any:
    """Return a field for how many of something."""
    return forms.IntegerField(label=label, initial=initial, min_value=least, max_value=most)


def yes_no(label: Words, *, initial: bool = False) -> Any:
    return forms.BooleanField(label=label, initial=initial, required=False)


def words(initial: int = 300, most: int = 3000, *, label: Words = "") -> Any:
    """Return a field for a length in words."""
    return forms.IntegerField(
        label=label or _("Length"),
        initial=initial,
        min_value=20,
        max_value=most,
        help_text=_("in words, about"),
    )
