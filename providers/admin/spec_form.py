"""What the page of a model takes in."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from ops.forms import TypedNumbers
from providers.actions import refuse_as_default
from providers.models import Ability, ModelSpec


class SpecForm(TypedNumbers):
    """A model of the catalogue. What is the default stays fit to be it."""

    abilities = forms.MultipleChoiceField(
        label=_("What it can"),
        choices=Ability.choices,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("It is not offered for anything else."),
    )

    class Meta:
        model = ModelSpec
        fields = ()  # those of the page
        error_messages = {
            "public_name": {"unique": _("Another model has this public name. Choose a new one.")}
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        most, window = cleaned.get("max_output_tokens"), cleaned.get("context_window")
        if most is not None and window is not None and not 0 < most <= window:
            sentence = _("An answer has at least one token, and fits into the context window.")
            self.add_error("max_output_tokens", sentence)
        if self.instance.is_default:
            refuse_as_default(
                is_enabled=cleaned.get("is_enabled", False),
                is_listed=cleaned.get("is_listed", False),
                abilities=cleaned.get("abilities", ()),
                has_teams=bool(cleaned.get("teams")),
            )
        return cleaned
