"""What is sent with a recipe's own fields."""

from django import forms
from django.utils.translation import gettext_lazy as _

from generator.models import MOST_VARIANTS
from runs.forms import ClientIdForm


class OrderForm(ClientIdForm):
    """How many results are asked for, of which model."""

    variants = forms.IntegerField(
        label=_("How many"), min_value=1, max_value=MOST_VARIANTS, initial=1, required=False
    )

    def clean_variants(self) -> int:
        return self.cleaned_data["variants"] or 1
