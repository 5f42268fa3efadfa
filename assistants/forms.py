"""The forms of saved prompts: fields and labels. What may be kept is said in `actions`."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from assistants.models import LONGEST_COMMAND, LONGEST_NAME, SavedPrompt

BARE = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}


class PlainForm(forms.Form):
    """Labels end without a colon, as everywhere in the house."""

    def __init__(self, data: Mapping[str, Any] | None = None, **options: Any) -> None:
        super().__init__(data, label_suffix="", **options)


class PromptForm(PlainForm):
    name = forms.CharField(
        label=_("Name"),
        widget=forms.TextInput({"dir": "auto", "maxlength": LONGEST_NAME, "autocomplete": "off"}),
    )
    command = forms.CharField(
        label=_("Command"),
        required=False,
        help_text=_("Typed after / in the composer. Left empty, it is made from the name."),
        widget=forms.TextInput({"maxlength": LONGEST_COMMAND, **BARE}),
    )
    text = forms.CharField(
        label=_("Prompt"),
        help_text=_(
            "{{topic}} asks for a topic when the prompt is used, {{tone|friendly}} suggests an "
            "answer, {{letter...}} asks for a long text."
        ),
        widget=forms.Textarea({"dir": "auto", "rows": 8}),
    )

    @classmethod
    def of(cls, prompt: SavedPrompt) -> "PromptForm":
        """Return a form with what `prompt` holds."""
        return cls(
            initial={"name": prompt.name, "command": prompt.command, "text": prompt.text},
        )


class FillForm(PlainForm):
    """One field for each variable of a prompt; their names may hold what field names may not."""

    def __init__(self, prompt: SavedPrompt, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data, prefix=f"fill-{prompt.pk}")
        self.names: dict[str, str] = {}
        for number, variable in enumerate(prompt.variables):
            field = f"v{number}"
            self.names[field] = variable.name
            widget = forms.Textarea({"rows": 5}) if variable.is_long else forms.TextInput()
            widget.attrs.update({"dir": "auto", "autocomplete": "off"})
            self.fields[field] = forms.CharField(
                label=variable.name,
                initial=variable.default,
                required=variable.is_required,
                widget=widget,
            )

    @property
    def values(self) -> dict[str, str]:
        """What was filled in, by the variables' names."""
        return {name: self.cleaned_data[field] for field, name in self.names.items()}
