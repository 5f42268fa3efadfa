"""A field that names things, one a line, each with or without what it means: labels, columns."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from generator.recipes.base import Words

LONGEST_NAME = 80  # code points
_LONGEST_FIELD = 10_000


class NamesField(forms.CharField):
    """Its cleaned value is a list of lines: "name" or "name: meaning", each name once."""

    def __init__(self, *, least: int = 1, most: int = 30, example: Words = "", **options: Any):
        widget = forms.Textarea({"dir": "auto", "rows": 4, "placeholder": example})
        options.setdefault("help_text", _("One a line; after a colon, what it means."))
        super().__init__(max_length=_LONGEST_FIELD, widget=widget, **options)
        self.least, self.most = least, most

    def prepare_value(self, value: Any) -> Any:
        """Return as it is typed what was kept of an earlier form."""
        return "\n".join(value) if isinstance(value, list | tuple) else value

    def clean(self, value: Any) -> Any:
        lines = [line.strip() for line in super().clean(value).splitlines()]
        parts = [line.replace("：", ":", 1).partition(":") for line in lines if line]
        found = [(name.strip(), meaning.strip()) for name, _colon, meaning in parts]
        self._check([name for name, _meaning in found])
        return [f"{name}: {meaning}" if meaning else name for name, meaning in found]

    def _check(self, names: list[str]) -> None:
        if not names and not self.required:
            return
        if not self.least <= len(names) <= self.most:
            raise forms.ValidationError(
                _("There must be %(least)d to %(most)d of them."),
                params={"least": self.least, "most": self.most},
            )
        if any(not 0 < len(name) <= LONGEST_NAME for name in names):
            raise forms.ValidationError(
                _("Each needs a name of at most %(most)d letters."), params={"most": LONGEST_NAME}
            )
        if len({name.casefold() for name in names}) < len(names):
            raise forms.ValidationError(_("Each may be there only once."))


def names(lines: list[str]) -> list[str]:
    """Return the names only."""
    return [line.partition(":")[0].strip() for line in lines]


def listed(lines: list[str]) -> str:
    """Return them as a prompt's list."""
    return "\n".join(f"- {line}" for line in lines)
