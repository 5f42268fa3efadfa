"""Which other models answer in a model's name: the rows below its page."""

from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.forms import PaginationInlineFormSet
from unfold.widgets import UnfoldAdminSelectWidget

from providers.models import ModelSpec, Route

_TWICE = _("This deployment is named already.")


class RouteForm(forms.ModelForm):
    class Meta:
        model = Route
        fields = ("to", "priority", "weight")
        error_messages = {NON_FIELD_ERRORS: {"unique_together": _TWICE}}

    def clean_to(self) -> ModelSpec:
        to: ModelSpec = self.cleaned_data["to"]
        if to.pk == self.instance.model_id:
            raise ValidationError(_("A model needs no route to itself: it answers first anyway."))
        return to


class RouteFormSet(PaginationInlineFormSet):
    """The routes of one model."""

    def clean(self) -> None:
        seen: set[ModelSpec] = set()
        for form in self.forms:
            to = form.cleaned_data.get("to") if not form.errors else None
            if to is None or form.cleaned_data.get("DELETE"):
                continue
            if to in seen:
                form.add_error("to", _TWICE)
            seen.add(to)


class DeploymentField(forms.ModelChoiceField):
    """One model of the catalogue, told from another of the same label by its provider."""

    def label_from_instance(self, spec: ModelSpec) -> str:
        return f"{spec.label} · {spec.provider}"


class RouteInline(TabularInline):
    model = Route
    fk_name = "model"
    form = RouteForm
    formset = RouteFormSet
    fields = ("to", "priority", "weight")
    extra = 0

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        if db_field.name == "to":
            field: Any = DeploymentField(
                ModelSpec.objects.select_related("provider"),
                label=_("deployment"),
                widget=UnfoldAdminSelectWidget,
            )
        else:
            field = super().formfield_for_dbfield(db_field, request, **options)
        if field is not None:  # the heads of the table label nothing
            field.widget.attrs["aria-label"] = field.label
        return field
