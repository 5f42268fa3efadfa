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
from providers.presets import Preset, find_preset, presets

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


class KeyForm(forms.BaseForm):
    """A form with a key: where anything else is wrong, it says that the key was not kept."""

    key_field = "new_secret"

    def full_clean(self) -> None:
        super().full_clean()
        if self.errors:
            self.ask_for_the_key_again(getattr(self, "cleaned_data", {}).get(self.key_field))

    def ask_for_the_key_again(self, given: str | None) -> None:
        if given:
            self.add_error(self.key_field, _("Enter the key again: for safety it was not kept."))


class PresetSelect(UnfoldAdminSelectWidget):
    """Each choice carries what `static/js/preset.js` fills in."""

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        preset = find_preset(str(value))
        if preset:
            option["attrs"] |= {
                "data-name": preset.name,
                "data-base-url": preset.base_url,
                "data-kind": preset.kind,
                "data-private": str(preset.allow_private).lower(),
                "data-key-url": preset.key_url,
            }
        return option


def _preset_choices() -> list[tuple[Any, Any]]:
    """Return the presets in two groups, after the choice of none."""
    away = [(each.slug, each.name) for each in presets() if not each.allow_private]
    near = [(each.slug, each.name) for each in presets() if each.allow_private]
    return [("", _("Another server")), (_("Services"), away), (_("On your own machines"), near)]


def _filled(given: Any, preset: Preset) -> Any:
    """Return a form's input with what was left empty filled from the preset, as its script does.

    Kind and network belong to the address: they are taken together or not at all.
    """
    given = given.copy()
    if not given.get("name", "").strip():
        given["name"] = preset.name
    if not given.get("base_url", "").strip():
        given["base_url"] = preset.base_url
        given["kind"] = preset.kind
        given["allow_private"] = "on" if preset.allow_private else ""
    return given


class ProviderAddForm(KeyForm, forms.ModelForm):
    """A new provider with all that it needs to answer: address, key, models."""

    key_field = "key"

    preset = forms.ChoiceField(
        label=_("Server"),
        required=False,
        choices=_preset_choices,
        widget=PresetSelect(attrs={"data-key-hint": _("Make a key at")}),
        help_text=_("Fills in what is known about it. You can change all of it."),
    )
    key = KeyField(help_text=_("Encrypted, and never shown again. Empty where none is wanted."))
    models = forms.CharField(
        label=_("Models"),
        required=False,
        max_length=2000,
        widget=UnfoldAdminTextInputWidget,
        help_text=_(
            "Names as the provider uses them, with commas between. "
            "Left empty, the server is asked for its list. "
            "Azure lists what it sells: enter the names of your deployments there."
        ),
    )

    class Meta:
        model = Provider
        fields = ("name", "kind", "base_url", "is_enabled", "allow_private")

    class Media:
        js = (forms.Script("js/preset.js", defer=True),)

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any) -> None:
        preset = find_preset(data.get("preset", "")) if data else None
        super().__init__(_filled(data, preset) if preset else data, *args, **kwargs)

    def clean_key(self) -> str:
        key: str = self.cleaned_data["key"]
        preset = find_preset(self.cleaned_data.get("preset", ""))
        if preset and preset.key == "needed" and not key:
            sentence = _("This server needs a key. Make one at %(url)s")
            raise ValidationError(sentence, code="required", params={"url": preset.key_url})
        return key

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        is_azure = self.cleaned_data.get("kind") == Provider.Kind.AZURE
        if is_azure and self.cleaned_data.get("models") == []:
            sentence = _("Enter the names of your deployments: Azure lists what it sells instead.")
            self.add_error("models", ValidationError(sentence, code="required"))
        return cleaned

    def clean_models(self) -> list[str]:
        names = [name.strip() for name in self.cleaned_data["models"].split(",")]
        if any(len(name) > NAME_LENGTH for name in names):
            raise ValidationError(_("That is no model's name."))
        return [name for name in names if name]


# What an administrator decides about a key.
SETTINGS = ("is_enabled", "priority", "weight", "max_streams", "requests_per_minute")


class CredentialForm(KeyForm, forms.ModelForm):
    """An empty key keeps the one that is stored."""

    new_secret = KeyField(help_text=_("Takes the place of the stored key, which cannot be shown."))

    class Meta:
        model = Credential
        fields = ("provider", "name", *SETTINGS)

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        if self.instance._state.adding and "new_secret" in self.fields:
            self.fields["new_secret"].help_text = _("Encrypted, and never shown again.")

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


class RotateForm(KeyForm, forms.Form):
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
