"""What the pages about limits take in."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from ops.forms import TypedNumbers
from usage.limits import SETTINGS, Subject, limit_of, remove_limits, set_limits
from usage.models import Limit
from usage.models.limit import SUBJECTS


class SettingsForm(TypedNumbers):
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
    """One's own limits, those of a key for instance, as they are now. With none left, none apply.

    Those that an administrator set are only shown.
    """

    def __init__(self, data: Any = None, *, subject: Subject) -> None:
        super().__init__(data, instance=limit_of(subject))
        self.subject = subject
        for field in self.fields.values():
            field.disabled = self.instance.binds_owner

    def save(self, commit: bool = True) -> Limit | None:
        """Set them. Raises `SubjectGone`, `LimitsBind`, and `KeyRevoked`."""
        if self.is_empty:
            remove_limits(self.subject, by_owner=True)
            return None
        return set_limits(self.subject, by_owner=True, **self.settings)


class LimitChangeForm(SettingsForm):
    """The limits of whom is settled. The last one is lifted by deleting them."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors and self.is_empty:
            raise ValidationError(_("Nothing is limited. Enter a number, or delete the limit."))
        return cleaned


class LimitAddForm(LimitChangeForm):
    """The first limits of one person, team, key or model; `kind` says which of the fields counts.

    Those that were filled in before another kind was chosen count for nothing.
    """

    kind = forms.ChoiceField(label=_("For what"), widget=UnfoldAdminSelectWidget)

    class Meta(SettingsForm.Meta):
        fields = (*SUBJECTS, *SETTINGS)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        kinds = [(name, self.fields[name].label) for name in SUBJECTS if name in self.fields]
        kind = self.fields["kind"]
        if isinstance(kind, forms.ChoiceField):
            kind.choices = kinds

    @property
    def subject(self) -> Subject:
        return self.cleaned_data[self.cleaned_data["kind"]]

    def clean(self) -> dict[str, Any]:
        kind = self.cleaned_data.get("kind")
        for name in SUBJECTS:
            if name != kind:
                self.cleaned_data[name] = None
                self.errors.pop(name, None)
        if kind and kind not in self.errors:
            self._check_subject(kind)
        return super().clean()

    def _check_subject(self, kind: str) -> None:
        """One is chosen, and has no limits yet."""
        if self.cleaned_data[kind] is None:
            self.add_error(kind, _("Choose one."))
        elif limit := limit_of(self.subject):
            there = format_html(
                '{} <a class="text-link underline" href="{}">{}</a>',
                _("It has limits already."),
                reverse("admin:usage_limit_change", args=[limit.pk]),
                _("Change them"),
            )
            self.add_error(kind, there)
