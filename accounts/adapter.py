"""Where allauth's pages call into this house: its hooks, mapped to our actions."""

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress, EmailConfirmationMixin
from allauth.account.utils import filter_users_by_email
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from accounts import actions, errors, first
from accounts.browsers import describe
from accounts.models import User
from accounts.preferences import carry_to_browser
from accounts.recorded import means, record_failed
from accounts.second_factors import open_secret, seal_secret
from ops.audit.acts import Act
from ops.audit.trail import record

SITE = SimpleNamespace(name="Causerie", domain=settings.PUBLIC_URL)
EMAIL_LENGTH = User._meta.get_field("email").max_length or 254


class AccountAdapter(DefaultAccountAdapter):
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_taken": errors.AddressTaken.sentence,
        "email_too_long": _("This e-mail address is too long."),
        "email_password_mismatch": _("That e-mail address and password do not match."),
        "too_many_login_attempts": _("Too many attempts. Wait five minutes, then try again."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Open by setting; for the first account, to whoever has the set-up link."""
        if first.is_made():
            return settings.SIGNUP_OPEN
        if first.opens_setup(request.POST.get("setup") or request.GET.get("setup", "")):
            return True
        page = {"sentence": errors.SetupLinkNeeded.sentence}
        raise ImmediateHttpResponse(render(request, "account/setup_needed.html", page, status=403))

    def clean_email(self, email: str) -> str:
        if len(email) > EMAIL_LENGTH:
            raise self.validation_error("email_too_long")
        return email

    def set_password(self, user: User, password: str) -> None:
        actions.change_password(user, password)

    @transaction.atomic
    def login(self, request: HttpRequest, user: User) -> None:
        by = means(request, user)
        super().login(request, user)
        record(Act.SIGNED_IN, user, actor=user, **by)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        email = credentials.get("email", "")
        record_failed(filter_users_by_email(email, prefer_verified=True), by="password")

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        record_failed([user], by="inactive")
        return super().respond_user_inactive(request, user)

    def logout(self, request: HttpRequest) -> None:
        actions.sign_out(request)

    def post_login(self, request: HttpRequest, user: User, **details: Any) -> HttpResponse:
        response = super().post_login(request, user, **details)
        carry_to_browser(user, response)
        return response

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Refuse an address that somebody else signs in with, confirmed by them or not."""
        taken = User.objects.filter(email=email_address.email).exclude(pk=email_address.user_id)
        if taken.exists():
            messages.error(request, errors.AddressTaken.sentence)
            return False
        return super().confirm_email(request, email_address)

    def can_delete_email(self, email_address: EmailAddress) -> bool:
        """Whatever is asked for besides can be taken back; what one signs in with stays."""
        return email_address.email != email_address.user.email

    def is_safe_url(self, url: str) -> bool:
        """Only pages of the very host that was asked may be the way back from signing in."""
        request = self.request
        return url_has_allowed_host_and_scheme(
            url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
        )

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("accounts:settings-show")

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        super().send_mail(template_prefix, email, {**context, "current_site": SITE})

    # Links in mail carry a secret: they lead to the address people know, whatever Host was asked.

    def get_reset_password_from_key_url(self, key: str) -> str:
        return _at_public_address(super().get_reset_password_from_key_url(key))

    def get_email_confirmation_url(
        self, request: HttpRequest, emailconfirmation: EmailConfirmationMixin
    ) -> str:
        return _at_public_address(super().get_email_confirmation_url(request, emailconfirmation))


def _at_public_address(url: str) -> str:
    return settings.PUBLIC_URL + urlsplit(url).path


class MFAAdapter(DefaultMFAAdapter):
    def get_totp_issuer(self) -> str:
        return "Causerie"

    def _get_site_name(self) -> str:
        return "Causerie"

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:
        """Name a key after the browser that made it: one knows it again by that."""
        return describe(context.request.headers.get("User-Agent", ""))

    def encrypt(self, text: str) -> str:
        return seal_secret(text)

    def decrypt(self, encrypted_text: str) -> str:
        return open_secret(encrypted_text)


class SessionsAdapter(DefaultUserSessionsAdapter):
    def end_sessions(self, sessions: Iterable[UserSession]) -> None:
        actions.end_sessions(sessions)
