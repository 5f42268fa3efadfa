"""What the pages about limits take in."""

from typing import Any

from django import forms

from usage.limits import SETTINGS, Subject, limit_of, remove_limits, set_limits
from usage.models import Limit


class SettingsForm(forms.ModelForm):
    """The six numbers. An empty one limits nothing; with 0 nothing may be asked.

    A budget of 0 US dollars leaves the models that cost nothing.
    """

    class Meta:
        model = Limit
        fields = SETTINGS

    @property
    def settings(self) -> dict[str, Any]:
        """Return what `set_limits` takes."""
        return {name: self.cleaned_data[name] for name in SETTINGS}

    @property
    def is_empty(self) -> bool:
        return all(value is None for value in self.settings.values())


class LimitForm(SettingsForm):
    """The limits of one person, team, key or model, as they are now. With none left, none apply."""

    def __init__(self, data: Any = None, *, subject: Subject) -> None:
        super().__init__(data, instance=limit_of(subject))
        self.subject = subject

    def save(self, commit: bool = True) -> Limit | None:
        """Set them. Raises `SubjectGone`, and `KeyRevoked` for a key that opens nothing more."""
        if self.is_empty:
            remove_limits(self.subject)
            return None
        return set_limits(self.subject, **self.settings)
