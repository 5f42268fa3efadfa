"""The catalogue in the administration: what a model can, costs, for whom, and where it answers."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import action, display

from ops.admin import ContestedAdmin, RecordedAdmin, SearchingAdmin, limit_link, plainly
from ops.audit.acts import Act
from providers.actions import (
    delete_models,
    limit_model,
    look_up_prices,
    set_default_model,
    wake,
)
from providers.admin import shown
from providers.admin.route import RouteInline
from providers.admin.spec_filters import AbilityFilter, PriceFilter
from providers.admin.spec_form import SpecForm
from providers.catalogue import BY_HAND, PRICES, prices
from providers.errors import sentence_of
from providers.models import ModelSpec
from providers.names import free_name

_COLOURS = {"default": "primary", "answering": "success", "resting": "warning", "off": "info"}


@admin.register(ModelSpec)
class ModelSpecAdmin(RecordedAdmin, ContestedAdmin, SearchingAdmin):
    added, changed = Act.MODEL_ADDED, Act.MODEL_CHANGED
    told = {
        **plainly("label", "name", "public_name", "abilities", "makes_titles", *PRICES),
        **plainly("context_window", "max_output_tokens", "weight", "cool_down_seconds"),
        **plainly("is_enabled", "is_listed"),
    }
    form = SpecForm
    inlines = (RouteInline,)
    list_per_page = 50
    list_display = ("label", "public_name", "provider", "can", "costs", "state")
    list_filter = (
        AbilityFilter,
        PriceFilter,
        ("provider", RelatedDropdownFilter),
        ("teams", RelatedDropdownFilter),
        "is_enabled",
        "is_listed",
        "is_default",
    )
    list_filter_submit = True
    search_fields = ("label", "name", "public_name", "provider__name")
    list_select_related = ("provider",)
    autocomplete_fields = ("teams",)
    readonly_fields = ("is_default", "prices_from", "limited_to", "now", "created_at")
    actions = ("make_default", "look_up_all", "wake_all")
    actions_submit_line = ("look_up", "wake")
    fieldsets: Any = (
        (
            _("Name and place"),
            {"fields": ("label", "public_name", "provider", "name", "description", "languages")},
        ),
        (_("Abilities"), {"fields": ("abilities", "makes_titles")}),
        (_("Limits"), {"fields": ("context_window", "max_output_tokens", "limited_to")}),
        (_("Prices"), {"fields": (*PRICES, "prices_from")}),
        (
            _("Who may use it"),
            {"fields": ("is_enabled", "is_listed", "is_default", "teams")},
        ),
        (
            _("Routing"),
            {
                "fields": ("now", "weight", "cool_down_seconds", "created_at"),
                "description": _(
                    "Routes name other models that answer when this one is asked. Those of "
                    "priority 0 share its calls in proportion to the weights. Those from 1 stand "
                    "in, the lowest first, when all before them rest or failed. Routes are "
                    "followed one step: two models may stand in for each other."
                ),
            },
        ),
    )

    @display(description=_("can"))
    def can(self, spec: ModelSpec) -> str:
        return shown.can(spec.abilities)

    @display(description=_("price in / out"))
    def costs(self, spec: ModelSpec) -> str:
        return shown.cost(spec.input_price, spec.output_price)

    @display(description=_("source of the prices"))
    def prices_from(self, spec: ModelSpec) -> str:
        if spec.price_source == BY_HAND:
            return gettext("written by hand")
        return spec.price_source or gettext("unknown")

    @display(description=_("state"), label=_COLOURS)
    def state(self, spec: ModelSpec) -> tuple[str, str]:
        if not spec.is_answering:
            return "off", gettext("off")
        if spec.is_resting:
            return "resting", gettext("resting")
        if spec.is_default:
            return "default", gettext("the default")
        return "answering", gettext("answering")

    @display(description=_("state"))
    def now(self, spec: ModelSpec) -> str:
        """Say whether it is asked now, and why not."""
        if not spec.is_enabled:
            return gettext("Switched off.")
        if not spec.is_answering:
            return gettext("Its provider is switched off.")
        if not spec.is_resting or spec.rests_until is None:
            return gettext("It is asked.")
        return gettext("It rests until %(time)s: %(reason)s") % {
            "time": date_format(localtime(spec.rests_until), "DATETIME_FORMAT"),
            "reason": sentence_of(spec.rest_reason),
        }

    @display(description=_("limits and budgets"))
    def limited_to(self, spec: ModelSpec) -> str:
        return limit_link(spec)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ModelSpec]:
        return super().get_queryset(request).select_related("provider")

    def get_fieldsets(self, request: HttpRequest, obj: ModelSpec | None = None) -> Any:
        """Leave out what a model that is not there yet does not have."""
        if obj:
            return self.fieldsets
        settled = set(self.readonly_fields)
        return [
            (title, {**what, "fields": [each for each in what["fields"] if each not in settled]})
            for title, what in self.fieldsets
        ]

    def save_model(self, request: HttpRequest, obj: ModelSpec, form: Any, change: bool) -> None:
        by_hand = not set(PRICES).isdisjoint(form.changed_data)
        if by_hand:
            obj.price_source = BY_HAND
        if not change and not obj.public_name:
            obj.public_name = free_name(obj.provider, obj.name)
        known = None if change or by_hand else prices(obj.name, obj.provider.base_url)
        for name, value in (asdict(known) if known else {}).items():
            setattr(obj, name, value)
        super().save_model(request, obj, form, change)

    def delete_model(self, request: HttpRequest, obj: ModelSpec) -> None:
        self.delete_queryset(request, ModelSpec.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ModelSpec]) -> None:
        with shown.telling_the_default(request):
            delete_models(queryset)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        limit_model(form.instance, form.cleaned_data["teams"])
        super().save_related(request, form, formsets, change)

    def get_actions_submit_line(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Only the buttons that change something for this model."""
        buttons = super().get_actions_submit_line(request, object_id)
        spec = self.get_object(request, str(object_id))
        if spec is None:
            return []
        return [each for each in buttons if each.path != "wake" or spec.is_resting]

    @action(description=_("Look up prices again"), permissions=["change"])
    def look_up(self, request: HttpRequest, obj: ModelSpec) -> None:
        self._look_up(request, [obj], even_by_hand=True)

    @action(description=_("Wake up"), permissions=["change"])
    def wake(self, request: HttpRequest, obj: ModelSpec) -> None:
        self._wake(request, [obj])

    @admin.action(description=_("Make the chosen model the default"), permissions=["change"])
    def make_default(self, request: HttpRequest, chosen: QuerySet[ModelSpec]) -> None:
        if len(chosen) != 1:
            self.message_user(request, _("Choose one model."), messages.ERROR)
            return
        try:
            set_default_model(chosen[0])
        except ValidationError as error:
            self.message_user(request, " ".join(error.messages), messages.ERROR)
        else:
            self.message_user(request, _("New conversations begin with this model."))

    @admin.action(description=_("Look up prices again"), permissions=["change"])
    def look_up_all(self, request: HttpRequest, chosen: QuerySet[ModelSpec]) -> None:
        """A price by hand gives way only where its model is the one that was chosen."""
        self._look_up(request, chosen, even_by_hand=len(chosen) == 1)

    @admin.action(description=_("Wake up"), permissions=["change"])
    def wake_all(self, request: HttpRequest, chosen: QuerySet[ModelSpec]) -> None:
        self._wake(request, chosen)

    def _wake(self, request: HttpRequest, specs: Iterable[ModelSpec]) -> None:
        for spec in specs:
            wake(spec)
            self.log_change(request, spec, gettext("Woken up."))
        self.message_user(request, gettext("Awake again: %s") % shown.names(specs))

    def _look_up(
        self, request: HttpRequest, specs: Iterable[ModelSpec], *, even_by_hand: bool
    ) -> None:
        done = look_up_prices(specs, even_by_hand=even_by_hand)
        for spec in done.changed:
            self.log_change(request, spec, gettext("Prices looked up."))
        changed = gettext("Prices changed: %s") % shown.names(done.changed)
        self.message_user(request, changed if done.changed else gettext("No price changed."))
        if done.unknown:
            sentence = gettext("Prices unknown, left as they were: %s") % shown.names(done.unknown)
            self.message_user(request, sentence, messages.WARNING)
        if done.by_hand:
            sentence = gettext("Written by hand, left as they are: %s") % shown.names(done.by_hand)
            hint = gettext("Choose a single model to replace its prices all the same.")
            self.message_user(request, f"{sentence}. {hint}", messages.WARNING)
