"""What a key may be called."""

import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _


def clean_name(text: str) -> str:
    """Return a name on one line. Raises `ValidationError` where it holds what is no text."""
    name = " ".join(text.split())
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in name):
        raise ValidationError(_("A name holds letters, digits and signs only."), code="unreadable")
    return name
