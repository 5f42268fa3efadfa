from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Now
from django.forms import Script
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.html import format_html_join
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from ops.admin import RecordedAdmin, plainly
from ops.audit.acts import Act
from ops.forms import TypedNumbers
from providers.actions import delete_provider
from providers.admin.discovery import find_models
from providers.admin.shown import telling_the_default
from providers.discovery import connect
from providers.errors import ConnectionFailed, ConnectTimeout, ProviderError
from providers.forms import ProviderAddForm
from providers.key_states import state_of
from providers.models import Provider


@admin.register(Provider)
class ProviderAdmin(RecordedAdmin):
    form = TypedNumbers
    added, changed = Act.PROVIDER_ADDED, Act.PROVIDER_CHANGED
    told = {
        **plainly("name", "kind", "allow_private", "is_enabled", "max_streams"),
        **plainly("first_token_seconds", "idle_seconds", "total_seconds"),
        # Who knows what somebody writes into the rest of an address.
        "base_url": lambda url: Provider(base_url=url).origin(),
    }
    list_display = ("name", "kind", "base_url", "model_count", "key_count", "is_enabled")
    list_filter = ("is_enabled", "is_embedded", "kind")
    search_fields = ("name", "base_url")
    readonly_fields = ("keys", "its_models", "created_at")
    change_form_outer_before_template = "providers/_connection_form.html"
    actions_detail = ("find",)
    limits = (
        _("Limits"),
        {"fields": ("max_streams", "first_token_seconds", "idle_seconds", "total_seconds")},
    )
    add_fieldsets = (
        (
            None,
            {"fields": ("preset", "name", "kind", "base_url", "allow_private", "key", "models")},
        ),
        limits,
    )
    fieldsets = (
        (None, {"fields": ("name", "kind", "base_url", "allow_private", "is_enabled")}),
        (None, {"fields": ("keys", "its_models")}),
        limits,
        (None, {"fields": ("created_at",)}),
    )

    class Media:
        js = (Script("js/busy.js", defer=True),)

    def get_form(self, request: HttpRequest, obj: Provider | None = None, **options: Any) -> Any:
        form = {} if obj else {"form": ProviderAddForm}
        return super().get_form(request, obj, **form, **options)

    def get_fieldsets(self, request: HttpRequest, obj: Provider | None = None) -> Any:
        return self.fieldsets if obj else self.add_fieldsets

    def get_queryset(self, request: HttpRequest) -> QuerySet[Provider]:
        """Return the providers with how many models and keys each has."""
        alive = Q(credentials__retires_at=None) | Q(credentials__retires_at__gt=Now())
        return (
            super()
            .get_queryset(request)
            .annotate(
                models_of=Count("specs", distinct=True),
                keys_of=Count("credentials", filter=alive, distinct=True),
            )
        )

    @admin.display(description=_("models"), ordering="models_of")
    def model_count(self, provider: Any) -> str:
        return number_format(provider.models_of, force_grouping=True)

    @admin.display(description=_("keys"), ordering="keys_of")
    def key_count(self, provider: Any) -> str:
        return number_format(provider.keys_of, force_grouping=True)

    def response_post_save_add(self, request: HttpRequest, obj: Provider) -> HttpResponse:
        """Lead to where its connection is tested and its models are found: what comes next."""
        return redirect("admin:providers_provider_change", obj.pk)

    def save_model(self, request: HttpRequest, obj: Provider, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change:
            self._warn_of_keys_left_behind(request, obj)
            return
        connected = connect(obj, form.cleaned_data["key"], form.cleaned_data["models"])
        if specs := connected.specs:
            labels = ", ".join(spec.label for spec in specs[:3])
            more = " …" if len(specs) > 3 else ""
            self.message_user(request, _("Models that can be chosen now: %s") % labels + more)
        else:
            self.message_user(request, _why_none(connected.error), messages.WARNING)

    def _warn_of_keys_left_behind(self, request: HttpRequest, provider: Provider) -> None:
        others = provider.credentials.filter(retires_at=None).exclude(origin=provider.origin())
        if others.exists():
            sentence = _(
                "The keys were stored for another address and are not sent to this one. "
                "Enter them again."
            )
            self.message_user(request, sentence, messages.WARNING)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Adding one stores its key and its models, too."""
        needed = ("providers.add_credential", "providers.add_modelspec")
        return super().has_add_permission(request) and request.user.has_perms(needed)

    @action(description=_("Find models"), url_path="find-models", icon="search")
    def find(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return find_models(request, self, object_id)

    @admin.display(description=_("keys"))
    def keys(self, provider: Provider) -> str:
        """Where the stored keys are changed, how each stands, and where one is added."""
        change, add = (f"admin:providers_credential_{what}" for what in ("change", "add"))
        keys = provider.credentials.exclude(retires_at__lte=Now()).in_order()
        links = [
            (reverse(change, args=[key.pk]), str(key), f"({state_of(key).label})") for key in keys
        ]
        links.append((f"{reverse(add)}?provider={provider.pk}", str(_("Add a key")), ""))
        return format_html_join(" · ", '<a class="underline" href="{}">{}</a> {}', links)

    @admin.display(description=_("models"))
    def its_models(self, provider: Provider) -> str:
        """How many there are, and where they are listed: there may be hundreds."""
        listed = f"{reverse('admin:providers_modelspec_changelist')}?provider__id__exact="
        add = f"{reverse('admin:providers_modelspec_add')}?provider={provider.pk}"
        count = provider.specs.count()
        number = number_format(count, force_grouping=True)
        links = [(f"{listed}{provider.pk}", ngettext("%s model", "%s models", count) % number)]
        if not count:
            links = []
        links.append((add, gettext("Add a model")))
        return format_html_join(" · ", '<a class="underline" href="{}">{}</a>', links)

    def delete_model(self, request: HttpRequest, obj: Provider) -> None:
        with telling_the_default(request):
            delete_provider(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Provider]) -> None:
        with telling_the_default(request):
            for provider in queryset.order_by("pk"):
                delete_provider(provider)

    def get_readonly_fields(self, request: HttpRequest, obj: Provider | None = None) -> Any:
        # The embedded server's address is settled at each start.
        settled = ("base_url", "kind", "allow_private") if obj and obj.is_embedded else ()
        return (*self.readonly_fields, *settled)

    def has_delete_permission(self, request: HttpRequest, obj: Provider | None = None) -> bool:
        """Refuse for seeded ones: they would come back at the next start. Disable them instead."""
        if obj is not None and obj.seed:
            return False
        return super().has_delete_permission(request, obj)


def _why_none(error: ProviderError | None) -> str:
    """Say why a new provider has no models yet, and what to look at."""
    by_name = gettext("You can also add models by name.")
    if error is None:
        return f"{gettext('The server listed no models.')} {by_name}"
    advice = ""
    if type(error) in (ConnectionFailed, ConnectTimeout):
        advice = gettext("Check the address and the port, and whether the server runs.")
    return " ".join(filter(None, (str(error.sentence), advice, by_name)))
