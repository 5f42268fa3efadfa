"""What the administration's forms about providers take in."""

import datetime as dt
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from providers.models import Credential, ModelSpec, Provider

NAME_LENGTH = ModelSpec._meta.get_field("name").max_length or 200


class KeyField(forms.CharField):
    """A provider's key: it goes in and never comes out."""

    widget = UnfoldAdminPasswordWidget(
        render_value=False, attrs={"autocomplete": "new-password", "spellcheck": "false"}
    )

    def __init__(self, **options: Any) -> None:
        super().__init__(label=_("Key"), required=False, strip=True, max_length=4096, **options)

    def validate(self, value: str) -> None:
        super().validate(value)
        if value and not (value.isascii() and value.isprintable()):
            raise ValidationError(_("A key is one line of plain characters."))


class ProviderAddForm(forms.ModelForm):
    """A new provider with all that it needs to answer: address, key, models."""

    key = KeyField(help_text=_("Encrypted, and never shown again. Empty where none is wanted."))
    models = forms.CharField(
        label=_("Models"),
        required=False,
        max_length=2000,
        widget=UnfoldAdminTextInputWidget,
        help_text=_(
            "Names as the provider uses them, with commas between. "
            "Left empty, the server is asked for its list."
        ),
    )

    class Meta:
        model = Provider
        fields = ("name", "kind", "base_url", "is_enabled", "allow_private")

    def clean_models(self) -> list[str]:
        names = [name.strip() for name in self.cleaned_data["models"].split(",")]
        if any(len(name) > NAME_LENGTH for name in names):
            raise ValidationError(_("That is no model's name."))
        return [name for name in names if name]


# What an administrator decides about a key.
SETTINGS = ("is_enabled", "priority", "weight", "max_streams", "requests_per_minute")


class CredentialForm(forms.ModelForm):
    """An empty key keeps the one that is stored."""

    new_secret = KeyField(help_text=_("Takes the place of the stored key, which cannot be shown."))

    class Meta:
        model = Credential
        fields = ("provider", "name", *SETTINGS)

    def clean_new_secret(self) -> str:
        secret: str = self.cleaned_data["new_secret"]
        if not secret and self.instance._state.adding:
            raise ValidationError(_("Enter the key."))
        return secret

    def clean(self) -> dict[str, Any]:
        """Keep a new key from taking the place of an old one by a name that was left as it is."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if self.instance._state.adding and given.get("provider"):
            same = {"provider": given["provider"], "name": given.get("name"), "retires_at": None}
            if Credential.objects.filter(**same).exists():
                sentence = _(
                    "There is a key of this name. Rotate that one, or choose another name."
                )
                self.add_error("name", sentence)
        return given


class RotateForm(forms.Form):
    """A new key for an old one, and how many hours that goes on as a fallback."""

    new_secret = KeyField(help_text=_("Used as soon as you confirm. It cannot be shown again."))
    overlap = forms.TypedChoiceField(
        label=_("The old key goes on for"),
        choices=(
            (0, _("no longer: calls under way end with it")),
            (1, _("an hour")),
            (24, _("a day")),
            (72, _("three days")),
            (168, _("a week")),
        ),
        initial=24,
        coerce=lambda hours: dt.timedelta(hours=int(hours)),
        widget=UnfoldAdminSelectWidget,
        help_text=_("As a fallback: it is used only while the new one cannot be."),
    )
    # When the key that is to be replaced was stored, as the page showed it.
    seen = forms.DateTimeField(required=False, widget=forms.HiddenInput)

    def __init__(self, *given: Any, credential: Credential) -> None:
        super().__init__(*given)
        stored = credential.replaced_at
        self.fields["new_secret"].required = True
        self.fields["new_secret"].label = _("New key")
        self.fields["seen"].initial = stored.isoformat() if stored else ""
