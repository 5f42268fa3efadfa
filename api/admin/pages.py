"""The administration's pages of one key beside its form: a new secret, rotating, revoking."""

from typing import Any

from allauth.account.decorators import reauthentication_required
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from accounts import api_keys
from accounts.errors import KeyRotated
from accounts.models import ApiKey
from api import once
from api.admin.forms import RotateAdminForm
from ops.admin import SearchingAdmin

LIST, PAGE = "admin:accounts_apikey_changelist", "admin:accounts_apikey_change"
SECRET = "admin:accounts_apikey_secret"  # noqa: S105  (the name of a page)
MOST_NAMED = 20  # keys in the question whether to revoke them


class KeyPages(SearchingAdmin):
    tells_of_people = True
    actions = ("revoke_all",)
    actions_detail = ("rotate", "revoke")

    def get_urls(self) -> Any:
        page = self.admin_site.admin_view(self.secret_view)
        own = path("<path:object_id>/secret/", page, name=SECRET.partition(":")[2])
        return [own, *super().get_urls()]

    def secret_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show a secret that was just made, once, to the administrator who made it."""
        key = self.get_object(request, object_id)
        if key is None or not self.has_view_permission(request, key):
            return redirect(LIST)
        secret = once.take(request, key) if request.method == "GET" else None
        if secret is None:
            sentence = _("A secret is shown only once. Rotate the key for another one.")
            self.message_user(request, sentence)
            return redirect(PAGE, key.pk)
        title = gettext("The secret of “%s”") % key.name
        limits = f"{reverse('admin:usage_limit_add')}?key={key.pk}"
        if not request.user.has_perm("usage.add_limit"):
            limits = ""
        return self._page(request, key, "secret", title=title, secret=secret, limits=limits)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        key = self.get_object(request, object_id)
        fits = key is not None and self.has_change_permission(request, key)
        return super().get_actions_detail(request, object_id) if fits else []

    @action(description=_("Rotate"), url_path="rotate", permissions=["change"], icon="autorenew")
    @method_decorator(reauthentication_required)
    def rotate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        key = self._working(request, object_id)
        if key is None:
            return redirect(LIST)
        form = RotateAdminForm(request.POST if request.method == "POST" else None, key=key)
        if form.is_valid():
            key.rotated_at = form.cleaned_data["seen"]
            try:
                secret = api_keys.rotate_key(key, form.cleaned_data["overlap"])
            except KeyRotated:
                return redirect(SECRET, key.pk)
            once.keep(request, key, secret)
            return redirect(SECRET, key.pk)
        return self._page(
            request,
            key,
            "ask",
            title=gettext("A new secret for “%s”") % key.name,
            sentence=_("The key keeps its name, its limits and what it opens."),
            verb=_("Rotate"),
            form=form,
        )

    @action(description=_("Revoke"), url_path="revoke", permissions=["change"], icon="block")
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then revoke."""
        key = self._working(request, object_id)
        if key is None:
            return redirect(LIST)
        if request.method == "POST":
            self._revoke(request, ApiKey.objects.filter(pk=key.pk))
            return redirect(PAGE, key.pk)
        return self._page(
            request,
            key,
            "ask",
            title=gettext("Revoke “%s”?") % key.name,
            sentence=_("Programs that use it are refused from now on. This cannot be undone."),
            verb=_("Revoke"),
            variant="danger",
        )

    @admin.action(description=_("Revoke the chosen keys"), permissions=["change"])
    def revoke_all(self, request: HttpRequest, chosen: QuerySet[ApiKey]) -> HttpResponse | None:
        """Ask, then revoke. The answer sends the same choice again, by keys or as "all"."""
        keys = chosen.filter(revoked_at=None)
        total = keys.count()
        if "confirmed" in request.POST or not total:
            self._revoke(request, keys)
            return None
        title = ngettext("Revoke %s key?", "Revoke %s keys?", total) % total
        return self._page(
            request,
            None,
            "ask",
            title=title,
            sentence=_("Programs that use them are refused from now on. This cannot be undone."),
            verb=_("Revoke"),
            variant="danger",
            keys=keys.select_related("owner")[:MOST_NAMED],
            unnamed=max(0, total - MOST_NAMED),
            choice=[
                (name, value)
                for name in ("action", "select_across", ACTION_CHECKBOX_NAME)
                for value in request.POST.getlist(name)
            ],
        )

    def _revoke(self, request: HttpRequest, chosen: QuerySet[ApiKey]) -> None:
        keys = list(chosen.filter(revoked_at=None))
        for key in keys:
            api_keys.revoke_key(key)
        total = len(keys)
        said = ngettext("%s key was revoked.", "%s keys were revoked.", total) % total
        self.message_user(request, said)

    def _working(self, request: HttpRequest, object_id: str) -> ApiKey | None:
        """Return the key that is asked for; tell where it opens nothing any more."""
        key = self.get_object(request, object_id)
        if key is not None and self.has_change_permission(request, key):
            return key
        self.message_user(request, _("This API key was revoked."), messages.WARNING)
        return None

    def _page(
        self, request: HttpRequest, key: ApiKey | None, name: str, **more: Any
    ) -> HttpResponse:
        shared = {**self.admin_site.each_context(request), "opts": self.opts, "original": key}
        return render(request, f"admin/api/key_{name}.html", {**shared, **more})
