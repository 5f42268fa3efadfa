"""The pages of one's own keys, in the settings. Administrators have those in `admin`."""

from typing import Any
from uuid import UUID

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts import api_keys
from accounts.access import person
from accounts.errors import AccountError, KeyMade, KeyRotated
from accounts.models import ApiKey
from api import once
from api.forms import KeyForm, RotateForm, models_for
from api.samples import samples_for
from usage.budgets import budgets_of, unpriced_for
from usage.errors import LimitsNotSet
from usage.forms import LimitForm

ENDED = 20  # keys on a page of those that open nothing any more


@require_safe
def key_list(request: HttpRequest) -> HttpResponse:
    own = ApiKey.objects.of(person(request)).select_related("owner", "limit")
    ended = Paginator(own.ended(), ENDED).get_page(request.GET.get("page"))
    return render(request, "api/key_list.html", {"keys": own.working(), "ended": ended})


@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required
@never_cache
def key_create(request: HttpRequest) -> HttpResponse:
    """Make a key. Its secret is shown by the page that this leads to."""
    user = person(request)
    form = KeyForm(request.POST if request.method == "POST" else None, offered=models_for(user))
    if form.is_valid():
        given = form.cleaned_data
        try:
            key, secret = api_keys.issue_key(
                user, given["name"], form.scope, client_id=given["client_id"]
            )
        except KeyMade as again:
            return redirect("api:key-secret", again.key.pk)
        except AccountError as error:
            form.add_error(None, str(error))
        else:
            once.keep(request, key, secret)
            return redirect("api:key-secret", key.pk)
    status = 422 if form.is_bound else 200
    return render(request, "api/key_create.html", {"form": form}, status=status)


@require_GET
@never_cache
def key_secret(request: HttpRequest, key_id: UUID) -> HttpResponse:
    """Show a new secret, once, to the session that made it."""
    key = _own(request, key_id)
    secret = once.take(request, key)
    if secret is None:
        messages.info(request, _("A secret is shown only once. Rotate the key for another one."))
        return redirect("api:key-change", key.pk)
    page = {"key": key, "secret": secret, "samples": samples_for(key)}
    return render(request, "api/key_secret.html", page)


@require_http_methods(["GET", "HEAD", "POST"])
def key_change(request: HttpRequest, key_id: UUID) -> HttpResponse:
    key = _own(request, key_id)
    if request.method != "POST":
        return _show(request, key)
    form = KeyForm(request.POST, offered=models_for(key.owner), key=key)
    if form.is_valid():
        try:
            api_keys.change_key(key, form.cleaned_data["name"], form.scope)
        except AccountError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The key was changed."))
            return redirect("api:key-change", key.pk)
    return _show(request, key, form=form)


@require_POST
def key_limits(request: HttpRequest, key_id: UUID) -> HttpResponse:
    key = _own(request, key_id)
    form = LimitForm(request.POST, subject=key)
    if form.is_valid():
        try:
            form.save()
        except (AccountError, LimitsNotSet) as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The limits were set."))
            return redirect("api:key-change", key.pk)
    return _show(request, key, limits=form)


@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required
@never_cache
def key_rotate(request: HttpRequest, key_id: UUID) -> HttpResponse:
    """Give a key a new secret, shown by the page that this leads to."""
    key = _own(request, key_id)
    form = RotateForm(request.POST if request.method == "POST" else None, key=key)
    if form.is_valid():
        key.rotated_at = form.cleaned_data["seen"]
        try:
            secret = api_keys.rotate_key(key, form.cleaned_data["overlap"])
        except KeyRotated:
            return redirect("api:key-secret", key.pk)
        except AccountError as error:
            form.add_error(None, str(error))
        else:
            once.keep(request, key, secret)
            return redirect("api:key-secret", key.pk)
    status = 422 if form.is_bound else 200
    return render(request, "api/key_rotate.html", {"key": key, "form": form}, status=status)


@require_POST
def key_former_end(request: HttpRequest, key_id: UUID) -> HttpResponse:
    key = _own(request, key_id)
    try:
        api_keys.end_former(key)
    except AccountError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The former secret works no longer."))
    return redirect("api:key-change", key.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def key_revoke(request: HttpRequest, key_id: UUID) -> HttpResponse:
    """Ask, then revoke."""
    key = _own(request, key_id)
    if request.method != "POST":
        return render(request, "api/key_revoke.html", {"key": key})
    api_keys.revoke_key(key)
    messages.success(request, _("“%s” was revoked.") % key.name)
    return redirect("api:key-list")


def _own(request: HttpRequest, key_id: UUID) -> ApiKey:
    own = ApiKey.objects.of(person(request)).select_related("owner")
    return get_object_or_404(own, pk=key_id)


def _show(
    request: HttpRequest,
    key: ApiKey,
    form: KeyForm | None = None,
    limits: LimitForm | None = None,
) -> HttpResponse:
    """The page of a key: what it opens, its limits, how to use it. A revoked one only tells."""
    page: dict[str, Any] = {"key": key}
    if key.revoked_at is None:
        page |= {
            "form": form or KeyForm(offered=models_for(key.owner), key=key),
            "limits": limits or LimitForm(subject=key),
            "budgets": (budgets := budgets_of(key)),
            "unpriced": unpriced_for(key) if budgets else 0,
            "samples": samples_for(key),
        }
    status = 422 if form or limits else 200
    return render(request, "api/key_change.html", page, status=status)
