"""Forms about people: the sign-up form, and what one can change about oneself."""

from typing import Any

from allauth.account.forms import AddEmailForm as AllauthAddEmailForm
from allauth.account.forms import ChangePasswordForm as AllauthChangePasswordForm
from allauth.account.forms import LoginForm as AllauthLoginForm
from allauth.account.forms import ResetPasswordKeyForm as AllauthResetPasswordKeyForm
from allauth.account.forms import SignupForm as AllauthSignupForm
from allauth.account.internal.flows.email_verification import send_verification_email_to_address
from allauth.account.models import EmailAddress
from allauth.mfa.base.forms import AuthenticateForm as AllauthAuthenticateForm
from django import forms
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import actions
from accounts.models import User

PASSWORD_HELP = _("At least 8 characters, not only digits, and nothing others would guess.")


class SignInForm(AllauthLoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = ""  # the page itself leads to a forgotten password


class CodeForm(AllauthAuthenticateForm):
    """The second factor at sign-in, by app or by recovery code."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].help_text = _("From the app, or one of your recovery codes.")


class SignUpForm(AllauthSignupForm):
    """E-mail and password; the first account also brings the token of its set-up link."""

    setup = forms.CharField(required=False, max_length=128, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].help_text = PASSWORD_HELP

    def save(self, request: HttpRequest) -> User:
        """Make the account. Raises an `accounts.errors.AccountError` for the view to show."""
        data = self.cleaned_data
        return actions.sign_up(data["email"], data["password1"], data["setup"])


class OnePasswordMixin(forms.Form):
    """One field for a new password: it can be looked at, so it need not be typed twice."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["password2"]
        self.fields["password1"].help_text = PASSWORD_HELP


class ChangePasswordForm(OnePasswordMixin, AllauthChangePasswordForm):
    pass


class ResetPasswordKeyForm(OnePasswordMixin, AllauthResetPasswordKeyForm):
    def save(self) -> None:
        actions.change_password(self.user, self.cleaned_data["password1"], by_mail=True)


class ChangeEmailForm(AllauthAddEmailForm):
    """Another address to sign in with, once the link that is mailed to it was opened."""

    def save(self, request: HttpRequest) -> EmailAddress:
        address = actions.ask_for_email(self.user, self.cleaned_data["email"])
        send_verification_email_to_address(request, address)
        return address


class NameForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ("name",)
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "name"})}


class LanguageForm(forms.Form):
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)


class ThemeForm(forms.Form):
    theme = forms.ChoiceField(label=_("Appearance"), choices=User.Theme.choices)


class EraseForm(forms.Form):
    """Typing one's own address is slow enough to notice what is about to happen."""

    email = forms.CharField(
        label=_("Your e-mail address"),
        max_length=254,
        widget=forms.TextInput({"autocomplete": "off"}),
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_email(self) -> str:
        email = self.cleaned_data["email"].strip().lower()
        if email != self.user.email:
            raise forms.ValidationError(_("This is not the address you sign in with."))
        return email
