from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from ops.admin import SelectingAdmin
from providers import actions
from providers.forms import SETTINGS, CredentialForm, RotateForm
from providers.key_states import days_of, is_old, state_of
from providers.models import Credential, Provider
from providers.names import free_key_name

LABELS = {
    "used": "success",
    "resting": "warning",
    "retires": "info",
    "moved": "danger",
    "off": "",
    "retired": "",
    "young": "",
    "old": "warning",
}


@admin.register(Credential)
class CredentialAdmin(SelectingAdmin):
    form = CredentialForm
    list_display = (
        "key", "provider", "state", "note", "priority", "weight", "limits", "last_used_at", "age",
    )  # fmt: skip
    list_filter = ("is_enabled", "provider")
    search_fields = ("name", "provider__name", "last_four")
    fieldsets = (
        (None, {"fields": ("provider", "name", "ending", "new_secret", "is_enabled")}),
        (_("Among other keys"), {"fields": SETTINGS[1:]}),
    )
    now = (
        _("State"),
        {"fields": ("standing", "last_used_at", "days", "origin", "created_at", "replaced_at")},
    )
    readonly_fields = ("ending", *now[1]["fields"])
    list_select_related = ("provider",)
    ordering = ("provider__name", "priority", "created_at", "id")
    actions = ("wake_all",)
    actions_detail = ("rotate",)
    actions_submit_line = ("wake_up",)

    @display(description=_("key"), ordering="name")
    def key(self, credential: Credential) -> str:
        return str(credential)

    @display(description=_("ends with"))
    def ending(self, credential: Credential) -> str:
        return f"…{credential.last_four}" if credential.last_four else "…"

    @display(description=_("state"), label=LABELS)
    def state(self, credential: Credential) -> tuple[str, str]:
        state = state_of(credential)
        return state.slug, state.label

    @display(description=_("note"), empty_value="")
    def note(self, credential: Credential) -> str:
        return state_of(credential).detail

    @display(description=_("limits"))
    def limits(self, credential: Credential) -> str | None:
        limits = (
            (gettext("%s at once"), credential.max_streams),
            (gettext("%s a minute"), credential.requests_per_minute),
        )
        return ", ".join(text % number for text, number in limits if number) or None

    @display(description=_("age"), label=LABELS)
    def age(self, credential: Credential) -> tuple[str, str]:
        days = days_of(credential)
        return "old" if is_old(credential) else "young", ngettext("%d day", "%d days", days) % days

    @display(description=_("state"))
    def standing(self, credential: Credential) -> str:
        return str(state_of(credential))

    @display(description=_("age"))
    def days(self, credential: Credential) -> str:
        days = self.age(credential)[1]
        return gettext("%s: time for a new one") % days if is_old(credential) else days

    def get_fieldsets(self, request: HttpRequest, obj: Credential | None = None) -> Any:
        without = ""
        if obj is None:
            without = "ending"  # nothing is stored yet whose end could be shown
        elif obj.retires_at:
            without = "new_secret"  # what was rotated out takes no key any more
        (title, settled), among = self.fieldsets
        fields = [each for each in settled["fields"] if each != without]
        return ((title, {"fields": fields}), *((self.now,) if obj else ()), among)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin with a name that is free at the provider that the link names."""
        given: dict[str, Any] = super().get_changeform_initial_data(request)
        try:
            provider = Provider.objects.get(pk=given.get("provider", ""))
        except (Provider.DoesNotExist, ValidationError):
            return given
        return {**given, "name": free_key_name(provider)}

    def get_readonly_fields(self, request: HttpRequest, obj: Credential | None = None) -> Any:
        # A key belongs to one origin: it is never moved to another provider.
        return (*self.readonly_fields, *(("provider", "name") if obj else ()))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was rotated out is only looked at, or deleted."""
        if isinstance(obj, Credential) and obj.retires_at:
            return False
        return super().has_change_permission(request, obj)

    def save_model(
        self, request: HttpRequest, obj: Credential, form: CredentialForm, change: bool
    ) -> None:
        settings = {name: form.cleaned_data[name] for name in SETTINGS}
        if secret := form.cleaned_data.get("new_secret"):
            stored = actions.store_credential(obj.provider, secret, name=obj.name, **settings)
            obj.pk, obj._state.adding = stored.pk, False
        else:
            actions.change_credential(obj, **settings)
        for button in self.get_actions_submit_line(request, obj.pk):
            if button.action_name in request.POST:
                button.method(request, obj)

    def delete_model(self, request: HttpRequest, obj: Credential) -> None:
        actions.delete_credentials(Credential.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Credential]) -> None:
        actions.delete_credentials(queryset)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        credential = self.get_object(request, object_id)
        fits = credential is not None and self.has_change_permission(request, credential)
        return super().get_actions_detail(request, object_id) if fits else []

    def get_actions_submit_line(self, request: HttpRequest, object_id: Any) -> list[Any]:
        credential = self.get_object(request, object_id)
        fits = credential is not None and credential.is_resting
        return super().get_actions_submit_line(request, object_id) if fits else []

    @action(description=_("Wake up"))
    def wake_up(self, request: HttpRequest, obj: Credential) -> None:
        self.wake_all(request, Credential.objects.filter(pk=obj.pk))

    @admin.action(description=_("Wake the chosen keys up"), permissions=["change"])
    def wake_all(self, request: HttpRequest, chosen: QuerySet[Credential]) -> None:
        for credential in chosen:
            actions.wake(credential)
            self.log_change(request, credential, gettext("Woken up."))
        self.message_user(request, _("The next calls may use it again."))

    @action(description=_("Rotate"), url_path="rotate", permissions=["change"], icon="autorenew")
    def rotate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take a new key in; the old one goes on for as long as is chosen."""
        if request.method not in ("GET", "HEAD", "POST"):
            return HttpResponseNotAllowed(["GET", "POST"])
        credential = self.get_object(request, object_id)
        if credential is None or not self.has_change_permission(request, credential):
            self.message_user(request, _("This key has already been replaced."), messages.WARNING)
            return HttpResponseRedirect(reverse("admin:providers_credential_changelist"))
        form = RotateForm(request.POST or None, credential=credential)
        if form.is_valid() and (new := self._rotated(credential, form)):
            self.log_change(request, new, gettext("Rotated."))
            self.message_user(request, _("The new key is in use."))
            change = reverse("admin:providers_credential_change", args=[new.pk])
            return HttpResponseRedirect(change)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Rotate %s") % credential,
            "opts": self.opts,
            "original": credential,
            "form": form,
        }
        return render(request, "providers/credential_rotate.html", context)

    def _rotated(self, credential: Credential, form: RotateForm) -> Credential | None:
        # As the administrator saw it: the row may have changed since the page was made.
        credential.replaced_at = form.cleaned_data["seen"]
        try:
            return actions.rotate_credential(
                credential, form.cleaned_data["new_secret"], form.cleaned_data["overlap"]
            )
        except ValidationError as error:
            form.add_error(None, error)
            form.ask_for_the_key_again(form.cleaned_data["new_secret"])
            return None
