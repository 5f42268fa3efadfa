"""What is sent with a recipe's own fields."""

from django import forms
from django.utils.translation import gettext_lazy as _

from generator.models import MOST_VARIANTS
from runs.forms import ClientIdForm


def lead_to_first_error(*shown: forms.BaseForm) -> None:
    """Let the page that shows these forms open at the first field with which something is wrong."""
    for form in shown:
        first = next((name for name in form.fields if name in form.errors), None)
        if first is not None:
            form.fields[first].widget.attrs["autofocus"] = True
            return


class OrderForm(ClientIdForm):
    """How many results are asked for, of which model."""

    variants = forms.IntegerField(
        label=_("How many"), min_value=1, max_value=MOST_VARIANTS, initial=1, required=False
    )

    def clean_variants(self) -> int:
        return self.cleaned_data["variants"] or 1
