from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from providers.actions import store_credential
from providers.forms import CredentialForm
from providers.models import Credential


@admin.register(Credential)
class CredentialAdmin(ModelAdmin):
    form = CredentialForm
    list_display = ("provider", "name", "ending", "origin", "is_enabled", "replaced_at")
    list_filter = ("is_enabled", "provider")
    search_fields = ("name", "provider__name", "last_four")
    fields = (
        *("provider", "name", "ending", "origin", "new_secret", "is_enabled"),
        *("created_at", "replaced_at"),
    )
    readonly_fields = ("ending", "origin", "created_at", "replaced_at")
    list_select_related = ("provider",)

    @admin.display(description=_("ends with"))
    def ending(self, credential: Credential) -> str:
        return f"…{credential.last_four}" if credential.last_four else "…"

    def get_readonly_fields(self, request: HttpRequest, obj: Credential | None = None) -> Any:
        # A key belongs to one origin: it is never moved to another provider.
        return (*self.readonly_fields, *(("provider", "name") if obj else ()))

    def save_model(
        self, request: HttpRequest, obj: Credential, form: CredentialForm, change: bool
    ) -> None:
        secret = form.cleaned_data.get("new_secret")
        if secret:
            stored = store_credential(obj.provider, secret, name=obj.name)
            obj.pk, obj._state.adding = stored.pk, False
        Credential.objects.filter(pk=obj.pk).update(is_enabled=obj.is_enabled)
