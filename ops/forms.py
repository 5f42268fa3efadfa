"""What forms of several rooms share."""

from decimal import Decimal
from typing import Any

from django import forms


class TypedNumbers(forms.ModelForm):
    """Shows the numbers of its row as somebody would type them: 2 for a stored 2.0000."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.initial = {name: _typed(value) for name, value in self.initial.items()}


def _typed(value: Any) -> Any:
    """Return the same number, so that a field left alone has not changed."""
    if isinstance(value, Decimal) and value.is_finite():
        return Decimal(f"{value.normalize():f}")
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
