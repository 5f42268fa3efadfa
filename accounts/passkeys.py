"""allauth's passkey forms, hardened: what a browser sends as a credential may be anything.

allauth parses it with `fido2`, which answers a broken one with whatever exception it runs into.
"""

import json
from collections.abc import Callable
from struct import error as StructError
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn import forms as allauth
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.recorded import record_failed

BROKEN = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, StructError)
LARGEST = 64_000


class CredentialField(forms.JSONField):
    """JSON that Postgres can store, of a size and depth a credential can have."""

    widget = forms.HiddenInput
    default_error_messages = {"invalid": _("The passkey was not understood. Try again.")}

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and len(value) > LARGEST:
            raise self._invalid()
        try:
            parsed = super().to_python(value)
            plain = json.dumps(parsed, ensure_ascii=False).encode()
        except (RecursionError, UnicodeEncodeError):
            raise self._invalid() from None
        if b"\\u0000" in plain:
            raise self._invalid()
        return parsed

    def bound_data(self, data: Any, initial: Any) -> None:
        """A refused credential is not drawn back into the page: the next try makes a new one."""

    def prepare_value(self, value: Any) -> str:
        return ""

    def _invalid(self) -> ValidationError:
        return ValidationError(self.error_messages["invalid"], code="invalid")


def _understood(check: Callable[[], Any]) -> Any:
    """Run allauth's check; a credential that breaks it is refused like a wrong one."""
    try:
        return check()
    except BROKEN:
        raise ValidationError(CredentialField.default_error_messages["invalid"]) from None


class AddForm(allauth.AddWebAuthnForm):
    name = forms.CharField(label=_("Name"), required=False, max_length=80)
    credential = CredentialField()
    passwordless = forms.BooleanField(
        label=_("Sign in with it alone"),
        required=False,
        initial=True,
        help_text=_(
            "A passkey: no password is asked when you sign in with it. "
            "Otherwise it is asked for after the password."
        ),
    )

    def clean(self) -> dict[str, Any]:
        return _understood(super().clean)


def _recorded(user: User, check: Callable[[], Any]) -> Any:
    """Run the check of a passkey that is to prove who somebody known is."""
    try:
        return _understood(check)
    except ValidationError:
        record_failed([user], by=Authenticator.Type.WEBAUTHN)
        raise


class AuthenticateForm(allauth.AuthenticateWebAuthnForm):
    credential = CredentialField()

    def clean_credential(self) -> Any:
        return _recorded(self.user, super().clean_credential)


class SignInForm(allauth.LoginWebAuthnForm):
    credential = CredentialField()

    def clean_credential(self) -> Any:
        return _understood(super().clean_credential)


class ConfirmForm(allauth.ReauthenticateWebAuthnForm):
    credential = CredentialField()

    def clean_credential(self) -> Any:
        return _recorded(self.user, super().clean_credential)


class RenameForm(allauth.EditWebAuthnForm):
    name = forms.CharField(label=_("Name"), max_length=80)
