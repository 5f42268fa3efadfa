"""Limits and budgets in the administration. They are set by the same verb as anywhere else."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts.errors import KeyRevoked
from ops.admin import SearchingAdmin, is_key
from usage.admin import shown
from usage.admin.limit_filters import KindFilter, StateFilter
from usage.errors import SubjectGone
from usage.forms import LimitAddForm, LimitChangeForm
from usage.limits import SETTINGS, remove_limits, set_limits, unusable_under
from usage.models import Limit
from usage.models.limit import SUBJECTS

_COLOURS = {"full": "danger", "near": "warning", "fine": "success"}
_SETTINGS = (
    _("Limits and budgets"),
    {
        "fields": (SETTINGS[:3], SETTINGS[3:]),
        "description": _(
            "An empty one limits nothing. With 0 nothing may be asked; a budget of 0 leaves the "
            "models that cost nothing. Days and months are those of this server's time zone."
        ),
    },
)


@admin.register(Limit)
class LimitAdmin(SearchingAdmin):
    tells_of_people = True
    list_display = ("name", "kind", "state", "budgets", "limits")
    list_filter = (KindFilter, StateFilter)
    list_filter_submit = True
    list_per_page = 50
    search_fields = (
        "user__email", "user__name", "team__name", "key__name", "key__last_four",
        "key__owner__email", "model__label", "model__public_name",
    )  # fmt: skip
    search_help_text = _("by the name of a person, team, key or model, or an e-mail address")
    actions = ("delete_selected",)
    readonly_fields = ("subject",)
    fieldsets: Any = ((None, {"fields": ("subject",)}), _SETTINGS)
    conditional_fields = {name: f"kind == '{name}'" for name in SUBJECTS}
    compressed_fields = False
    change_form_outer_before_template = "admin/usage/limit_standing.html"

    @display(description=_("for"))
    def name(self, limit: Limit) -> str:
        """Name whom it limits; of a key also whose it is, which its own name may not tell."""
        return f"{limit.key} · {limit.key.owner}" if limit.key else str(limit)

    @display(description=_("kind"))
    def kind(self, limit: Limit) -> str:
        return _linked(limit, _kind(limit))

    @display(description=_("for"))
    def subject(self, limit: Limit) -> str:
        return format_html("{}: {}", _kind(limit), _linked(limit, str(limit)))

    @display(description=_("budgets"))
    def budgets(self, limit: Limit) -> str | None:
        return shown.bars(limit, SETTINGS[3:])

    @display(description=_("limits"))
    def limits(self, limit: Limit) -> str | None:
        return shown.bars(limit, SETTINGS[:3])

    @display(description=_("state"), label=_COLOURS, ordering="used")
    def state(self, limit: Limit) -> tuple[str, str]:
        return shown.state(limit)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Limit]:
        return Limit.objects.standing()

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """What is used most comes first."""
        return ("-used", "pk")

    def get_autocomplete_fields(self, request: HttpRequest) -> list[str]:
        """Return what can be looked up here."""
        models = {name: Limit._meta.get_field(name).related_model for name in SUBJECTS}
        return [name for name, model in models.items() if self.admin_site.is_registered(model)]

    def get_form(self, request: HttpRequest, obj: Limit | None = None, **options: Any) -> Any:
        form = LimitChangeForm if obj else LimitAddForm
        return super().get_form(request, obj, **{"form": form, **options})

    def get_fieldsets(self, request: HttpRequest, obj: Limit | None = None) -> Any:
        if obj:
            return self.fieldsets
        kinds = self.get_autocomplete_fields(request)
        return ((None, {"fields": ("kind", *kinds)}), _SETTINGS)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        """What a limit is for is chosen here, and neither made nor changed."""
        field = super().formfield_for_dbfield(db_field, request, **options)
        if field is not None and db_field.name in SUBJECTS:
            for button in ("add", "change", "delete", "view"):
                setattr(field.widget, f"can_{button}_related", False)
        return field

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, str]:
        """Return whom the page was opened for, as `?user=…`."""
        for name in self.get_autocomplete_fields(request):
            if is_key(request.GET.get(name, "")):
                return {"kind": name, name: request.GET[name]}
        return {}

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to the limits that there are, where it was opened for somebody who has some."""
        chosen = self.get_changeform_initial_data(request)
        if request.method == "GET" and chosen and self.has_view_permission(request):
            kind = chosen["kind"]
            limit = Limit.objects.filter(**{kind: chosen[kind]}).first()
            if limit is not None:
                return redirect("admin:usage_limit_change", limit.pk)
        return super().add_view(request, form_url, extra_context)

    def changeform_view(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **options)
        except (SubjectGone, KeyRevoked) as error:
            self.message_user(request, str(error), messages.ERROR)
            return redirect("admin:usage_limit_changelist")

    def render_change_form(
        self, request: HttpRequest, context: Any, obj: Limit | None = None, **options: Any
    ) -> HttpResponse:
        if obj is not None:
            context["standing"] = list(shown.lines(shown.standing_of(obj)))
            models = reverse("admin:providers_modelspec_changelist")
            context["unpriced"] = unusable_under(obj).count()
            context["unpriced_url"] = f"{models}?price=unknown"
        return super().render_change_form(request, context, obj=obj, **options)

    def in_trail(self, obj: Limit) -> Any:
        return obj.subject

    def save_model(self, request: HttpRequest, obj: Limit, form: Any, change: bool) -> None:
        limit = set_limits(obj.subject, **form.settings)
        obj.pk, obj._state.adding = limit.pk, False

    def delete_model(self, request: HttpRequest, obj: Limit) -> None:
        remove_limits(obj.subject)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Limit]) -> None:
        for limit in queryset:
            remove_limits(limit.subject)


def _kind(limit: Limit) -> str:
    field: Any = Limit._meta.get_field(limit.kind)
    return str(field.verbose_name)


def _linked(limit: Limit, text: str) -> str:
    """Return the text as a link to the page of what the limit is for, where there is one."""
    if not admin.site.is_registered(type(limit.subject)):
        return text
    of = limit.subject._meta
    page = reverse(f"admin:{of.app_label}_{of.model_name}_change", args=[limit.subject.pk])
    return format_html('<a class="text-link underline" href="{}">{}</a>', page, text)
