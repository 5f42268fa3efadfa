"""What the recipes for code share."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from generator.recipes import fields
from generator.recipes.base import Words
from generator.recipes.prompting import fenced

SUGGESTIONS = {
    "programming-languages": [
        *("Python", "JavaScript", "TypeScript", "Java", "C", "C++", "C#", "Go", "Rust", "PHP"),
        *("Ruby", "Swift", "Kotlin", "SQL", "Bash", "HTML and CSS", "R"),
    ]
}
DEPTHS = (
    ("in short", _("in short")),
    ("step by step", _("step by step")),
    ("for a beginner", _("for a beginner")),
)


def code(label: Words = "") -> Any:
    """Return a field for code, whose white space is kept as it is."""
    attributes = {"rows": 12, "spellcheck": "false", "class": "mono", "wrap": "off"}
    return forms.CharField(
        label=label or _("Code"),
        strip=False,
        max_length=fields.LONGEST_TEXT,
        validators=[fields.not_blank],
        widget=forms.Textarea(attributes),
    )


def programming_language(label: Words = "", *, required: bool = True) -> Any:
    """Return a field for a programming language, of which a few are suggested."""
    return forms.CharField(
        label=label or _("Programming language"),
        required=required,
        max_length=60,
        widget=forms.TextInput({"list": "programming-languages", "autocomplete": "off"}),
    )


def shown(text: str) -> str:
    """Return code as it stands in a prompt."""
    return fenced(text, "code")
