"""Pages about oneself. Signing in, mail, passwords and second factors are allauth's views."""

from typing import Any

from allauth.account.decorators import reauthentication_required
from allauth.account.models import EmailAddress
from allauth.account.views import EmailView as AllauthEmailView
from allauth.account.views import LoginView, SignupView
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import actions, errors, first, preferences
from accounts.access import answer_signed_out, person
from accounts.forms import EraseForm, LanguageForm, NameForm, ThemeForm


class SignUpView(SignupView):
    """allauth's, with the first account and refusals told plainly."""

    def get_initial(self) -> dict[str, Any]:
        return {**super().get_initial(), "setup": self.request.GET.get("setup", "")[:128]}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "is_first": not first.is_made()}

    def form_valid(self, form: Any) -> HttpResponse:
        try:
            return super().form_valid(form)
        except errors.AddressTaken as error:
            form.add_error("email", error.sentence)
        except errors.AccountError as error:
            form.add_error(None, error.sentence)
        return self.form_invalid(form)

    def closed(self) -> HttpResponse:
        return render(self.request, "account/signup_closed.html", status=403)


class SignInView(LoginView):
    """allauth's; in a house without anybody, it leads to making the first account."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not first.is_made() and not settings.SETUP_TOKEN_REQUIRED:
            return HttpResponseRedirect(self.passthrough_next_url(reverse("account_signup")))
        return super().get(request, *args, **kwargs)


class EmailView(AllauthEmailView):
    """allauth's; only the link that is mailed to an address makes it the one to sign in with."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if "action_primary" in request.POST:  # of allauth's other page for addresses
            return redirect("account_email")
        return super().post(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        own = EmailAddress.objects.filter(user=self.request.user)
        new = own.filter(verified=False).exclude(email=self.request.user.email)
        context = super().get_context_data(**kwargs)
        return {**context, "new_emailaddress": new.order_by("pk").last()}


@require_GET
def settings_show(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/settings.html", {"form": NameForm(instance=person(request))})


@require_POST
def name_change(request: HttpRequest) -> HttpResponse:
    user = person(request)
    form = NameForm(request.POST, instance=user)
    if not form.is_valid():
        return render(request, "accounts/settings.html", {"form": form}, status=422)
    actions.change_name(user, form.cleaned_data["name"])
    messages.success(request, _("Your name was changed."))
    return redirect("accounts:settings-show")


@login_not_required
@require_POST
def language_change(request: HttpRequest) -> HttpResponse:
    form = LanguageForm(request.POST)
    if not form.is_valid():
        return _refused(_("There is no such language here."))
    language = form.cleaned_data["language"]
    if request.user.is_authenticated:
        actions.change_language(request.user, language)
    with override(language):
        response = _back(request)
    preferences.keep_language(response, language)
    return response


@login_not_required
@require_POST
def theme_change(request: HttpRequest) -> HttpResponse:
    form = ThemeForm(request.POST)
    if not form.is_valid():
        return _refused(_("There is no such appearance."))
    theme = form.cleaned_data["theme"]
    if request.user.is_authenticated:
        actions.change_theme(request.user, theme)
    response = _back(request)
    preferences.keep_theme(response, theme)
    return response


@require_POST
def session_end(request: HttpRequest, pk: int) -> HttpResponse:
    session = get_object_or_404(UserSession, pk=pk, user=request.user)
    if session.session_key == request.session.session_key:
        actions.sign_out(request)
        return redirect("account_login")
    actions.end_sessions([session])
    messages.success(request, _("That browser is signed out."))
    return redirect("usersessions_list")


@require_http_methods(["GET", "POST"])
@reauthentication_required
def account_erase(request: HttpRequest) -> HttpResponse:
    user = person(request)
    form = EraseForm(user, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            actions.erase_user(user)
        except errors.LastAdministrator as error:
            form.add_error(None, error.sentence)
        else:
            request.session.flush()
            messages.success(request, _("Your account was deleted."))
            return redirect("account_login")
    status = 422 if form.is_bound else 200
    return render(request, "accounts/erase.html", {"form": form}, status=status)


@login_not_required
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form from an old page, or from another site."""
    view = request.resolver_match.func if request.resolver_match else None
    if not request.user.is_authenticated and getattr(view, "login_required", True):
        return answer_signed_out(request)
    page = {"kept_text": request.POST.get("text", "")}
    return render(request, "403_csrf.html", page, status=403)


def _back(request: HttpRequest) -> HttpResponse:
    """To the page the form was on; nothing but success for a script."""
    if not request.accepts("text/html"):
        return HttpResponse(status=204)
    page = request.POST.get("next", "")
    here = {request.get_host()}
    safe = url_has_allowed_host_and_scheme(page, here, require_https=request.is_secure())
    return HttpResponseRedirect(page if safe else settings.LOGIN_REDIRECT_URL)


def _refused(sentence: str) -> HttpResponse:
    return HttpResponse(sentence, status=422, content_type="text/plain; charset=utf-8")
