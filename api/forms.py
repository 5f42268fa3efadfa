"""What the pages of keys take in: a name, what the key opens, for how long, and a rotation."""

import datetime as dt
from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.api_keys import Scope
from accounts.models import ApiKey, User
from accounts.models.api_key import Endpoint
from api import networks
from api.names import clean_name
from providers.models import ModelSpec

LONGEST_NAME = ApiKey._meta.get_field("name").max_length or 80
MOST_DAYS = 3653
NEVER, KEEP = "never", "keep"
PRESETS = ((30, _("for 30 days")), (90, _("for 90 days")), (365, _("for a year")))
NOT_ONE = _("Choose one of these.")


def models_for(owner: User) -> Iterable[ModelSpec]:
    """Return the models that a key of `owner` can name."""
    return ModelSpec.objects.open_to(ApiKey(owner=owner)).order_by("public_name")


def _endpoint_choices() -> list[tuple[str, str]]:
    return [(each.value, f"{capfirst(each.label)} (/{each.value})") for each in Endpoint]


class ScopeForm(forms.Form):
    """The name of a key, and what narrows it. Nothing chosen narrows nothing."""

    name = forms.CharField(
        label=_("Name"),
        max_length=LONGEST_NAME,
        help_text=_("What it is for, so that you know later which one to revoke."),
        widget=forms.TextInput({"dir": "auto", "autocomplete": "off"}),
    )
    endpoints = forms.MultipleChoiceField(
        label=_("What it can ask for"),
        choices=_endpoint_choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen: everything."),
        error_messages={"invalid_choice": _("There is no such endpoint.")},
    )
    model_names = forms.MultipleChoiceField(
        label=_("Models"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen: all that its owner may use, later ones included."),
        error_messages={"invalid_choice": _("There is no such model for the owner of this key.")},
    )
    networks = forms.CharField(
        label=_("Only from these addresses"),
        required=False,
        max_length=3000,
        help_text=_("IP addresses or networks, one a line, as 192.0.2.0/24. Empty: from anywhere."),
        widget=forms.Textarea({"rows": 3, "spellcheck": "false", "autocapitalize": "none"}),
    )

    def __init__(
        self, *args: Any, offered: Iterable[ModelSpec], key: ApiKey | None = None, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.label_suffix = ""
        self.key = key
        choices = [(each.public_name, _named(each)) for each in offered]
        known = {name for name, label in choices}
        # What a key names stays chosen though it cannot be used: without it the key may open all.
        gone = [name for name in (key.model_names if key else ()) if name not in known]
        choices += [(name, gettext("%s (not available now)") % name) for name in gone]
        self.fields["model_names"].choices = choices  # type: ignore[attr-defined]
        if not choices:
            self.fields["model_names"].help_text = _("There is none yet that programs can use.")
        if key is not None:
            self.initial.update(
                name=key.name,
                endpoints=key.endpoints,
                model_names=key.model_names,
                networks="\n".join(key.networks),
            )

    def clean_name(self) -> str:
        return clean_name(self.cleaned_data["name"])

    def clean_networks(self) -> tuple[str, ...]:
        return networks.parse(self.cleaned_data["networks"])

    @property
    def expires_at(self) -> dt.datetime | None:
        """When the key ends; forms that ask for it say so."""
        return None

    @property
    def scope(self) -> Scope:
        given = self.cleaned_data
        return Scope(
            endpoints=tuple(given["endpoints"]),
            model_names=tuple(given["model_names"]),
            networks=given["networks"],
            expires_at=self.expires_at,
        )


class KeyForm(ScopeForm):
    """A new key, or what one opens. A date outranks the choice beside it."""

    expires_in = forms.ChoiceField(
        label=_("It works"), widget=forms.RadioSelect, error_messages={"invalid_choice": NOT_ONE}
    )
    expires_on = forms.DateField(
        label=_("Or until the end of a day"),
        required=False,
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )
    # Made by the page, so that sending it twice makes no second key.
    client_id = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        presets = [(str(days), str(label)) for days, label in PRESETS]
        choices = [*presets, (NEVER, gettext("until it is revoked"))]
        if self.key is not None:
            if self.key.expires_at is None:
                choices.pop()
            choices.insert(0, (KEEP, _as_it_is(self.key)))
            del self.fields["client_id"]
        self.fields["expires_in"].choices = choices  # type: ignore[attr-defined]
        usual = KEEP if self.key else str(PRESETS[1][0])
        self.initial.update(expires_in=usual, client_id=uuid4())

    def clean_expires_on(self) -> dt.date | None:
        day: dt.date | None = self.cleaned_data["expires_on"]
        today = timezone.localdate()
        if day is not None and day < today:
            raise ValidationError(_("This day is over. Choose a later one."), code="past")
        if day is not None and (day - today).days > MOST_DAYS:
            sentence = _("Choose a day within ten years, or none and revoke it when it is time.")
            raise ValidationError(sentence, code="late")
        return day

    @property
    def expires_at(self) -> dt.datetime | None:
        day, choice = self.cleaned_data["expires_on"], self.cleaned_data["expires_in"]
        if day is not None:
            return timezone.make_aware(
                dt.datetime.combine(day + dt.timedelta(days=1), dt.time.min),
                timezone.get_default_timezone(),
            )
        if choice == KEEP and self.key is not None:
            return self.key.expires_at
        return None if choice == NEVER else timezone.now() + dt.timedelta(days=int(choice))


def _named(model: ModelSpec) -> str:
    """Name a model as programs do, and as people do where that is another name."""
    name = model.public_name or ""
    return name if name == str(model) else f"{name} ({model})"


def _as_it_is(key: ApiKey) -> str:
    if key.expires_at is None:
        return gettext("as it is: until it is revoked")
    until = date_format(timezone.localtime(key.expires_at), "DATETIME_FORMAT")
    return gettext("as it is: until %s") % until


class RotateForm(forms.Form):
    """For how long the former secret goes on working beside the new one."""

    overlap = forms.TypedChoiceField(
        label=_("The former secret goes on working"),
        choices=(
            (0, _("no longer: it ends at once")),
            (1, _("for an hour")),
            (24, _("for a day")),
            (168, _("for seven days")),
        ),
        initial=24,
        coerce=lambda hours: dt.timedelta(hours=int(hours)),
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": NOT_ONE},
    )
    # When the key was rotated last, as the page showed it.
    seen = forms.DateTimeField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, key: ApiKey) -> None:
        super().__init__(data, label_suffix="")
        self.initial["seen"] = key.rotated_at.isoformat() if key.rotated_at else ""
