"""Everybody's keys in the administration. What is done to them are the verbs of `api_keys`."""

import datetime as dt
from typing import Any

from allauth.account.decorators import reauthentication_required
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts import api_keys
from accounts.access import person
from accounts.errors import AccountError, KeyMade
from accounts.models import ApiKey, User
from api import once
from api.admin.filters import OwnerFilter, StateFilter
from api.admin.forms import KeyAdminForm
from api.admin.pages import LIST, SECRET, KeyPages
from api.states import KeyState, state_of
from ops.admin import limit_link

_COLOURS = {
    KeyState.WORKING: "success",
    KeyState.EXPIRED: "warning",
    KeyState.REVOKED: "",
    KeyState.SUSPENDED: "danger",
}
_OPENS = ("endpoints", "model_names", "networks")


@admin.register(ApiKey)
class ApiKeyAdmin(KeyPages):
    form = KeyAdminForm
    list_display = (
        "name", "owner", "ending", "state", "opens", "expires_at", "last_used_at", "made_by",
    )  # fmt: skip
    list_filter = (StateFilter, ("owner", OwnerFilter))
    list_filter_submit = True
    list_select_related = ("owner", "made_by")
    list_per_page = 50
    search_fields = ("owner__email", "name", "last_four")
    search_help_text = _("by the owner's e-mail address, by name, or by the last four characters")
    autocomplete_fields = ("owner",)
    readonly_fields = (
        "owner", "ending", "standing", "limits", "made_by", "created_at", "rotated_at",
        "former", "revoked_at", "last_used_at", "last_used_from",
    )  # fmt: skip
    of_whom = (_("Key"), {"fields": ("owner", "name", "ending", "standing", "limits")})
    history = (_("History"), {"fields": readonly_fields[4:]})
    opening = (
        _("What it opens"),
        {
            "fields": (*_OPENS, "expires_in", "expires_on"),
            "description": _(
                "Its owner can change all of this, but no limits that an administrator set. "
                "To bind somebody whatever key they use, limit their account or their team."
            ),
        },
    )

    @display(description=_("secret"))
    def ending(self, key: ApiKey) -> str:
        return key.masked

    @display(description=_("state"), label=_COLOURS)
    def state(self, key: ApiKey) -> tuple[str, str]:
        state = state_of(key)
        return state, str(state.label)

    @display(description=_("state"))
    def standing(self, key: ApiKey) -> str:
        return str(state_of(key).label)

    @display(description=_("former secret works until"))
    def former(self, key: ApiKey) -> dt.datetime | None:
        return key.former_until if key.has_former else None

    @display(description=_("opens"))
    def opens(self, key: ApiKey) -> str:
        narrowed = [
            (key.endpoints, lambda n: ngettext("%s endpoint", "%s endpoints", n)),
            (key.model_names, lambda n: ngettext("%s model", "%s models", n)),
            (key.networks, lambda n: ngettext("%s network", "%s networks", n)),
        ]
        found = [text(len(names)) % len(names) for names, text in narrowed if names]
        return ", ".join(found) or gettext("everything")

    @display(description=_("limits"))
    def limits(self, key: ApiKey) -> str:
        return limit_link(key)

    def get_fieldsets(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        if obj is None:
            opens = {"fields": (*_OPENS, "expires_in", "expires_on", "client_id")}
            return ((None, {"fields": ("owner", "name")}), (self.opening[0], opens))
        if obj.revoked_at is not None:
            return (self.of_whom, (self.opening[0], {"fields": _OPENS}), self.history)
        return (self.of_whom, self.opening, self.history)

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        return self.readonly_fields if obj else ()

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        """An owner is chosen here, and neither made nor changed."""
        if db_field.name != "owner":
            return super().formfield_for_dbfield(db_field, request, **options)
        active = User.objects.active()
        field = super().formfield_for_dbfield(db_field, request, **options, queryset=active)
        for button in ("add", "change", "delete", "view"):
            setattr(field.widget, f"can_{button}_related", False)
        return field

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was revoked is only looked at."""
        if isinstance(obj, ApiKey) and obj.revoked_at is not None:
            return False
        return super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A key is revoked, and stays to be looked at until its owner is erased."""
        return False

    @method_decorator(reauthentication_required)
    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Take one in; saving leads to its secret, and nowhere else."""
        one = {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().add_view(request, form_url, {**(extra_context or {}), **one})

    def changeform_view(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **options)
        except KeyMade as again:  # the form was sent twice
            return redirect(SECRET, again.key.pk)
        except AccountError as error:
            self.message_user(request, str(error), messages.ERROR)
            return redirect(LIST)

    def save_model(
        self, request: HttpRequest, obj: ApiKey, form: KeyAdminForm, change: bool
    ) -> None:
        given = form.cleaned_data
        if change:
            api_keys.change_key(obj, given["name"], form.scope)
            return
        key, secret = api_keys.issue_key(
            obj.owner, given["name"], form.scope, person(request), given["client_id"]
        )
        once.keep(request, key, secret)
        vars(obj).update(vars(key))

    def response_add(
        self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None
    ) -> HttpResponse:
        return redirect(SECRET, obj.pk)
