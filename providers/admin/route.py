"""Which other models answer in a model's name: the rows below its page."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.forms import PaginationInlineFormSet
from unfold.widgets import UnfoldAdminSelectWidget

from providers.models import ModelSpec, Route


class RouteForm(forms.ModelForm):
    """One row. Where it leads is settled: another way is another row."""

    class Meta:
        model = Route
        fields = ("to", "priority", "weight")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["to"].disabled = not self.instance._state.adding

    def clean_to(self) -> ModelSpec:
        to: ModelSpec = self.cleaned_data["to"]
        if to.pk == self.instance.model_id:
            raise ValidationError(
                _("A model needs no route to itself: it already answers its own calls.")
            )
        return to


class RouteFormSet(PaginationInlineFormSet):
    """The routes of one model."""

    @cached_property
    def deployments(self) -> list[tuple[Any, str]]:
        """The choices of every row, read once; one label at two providers is told apart."""
        specs = ModelSpec.objects.select_related("provider").order_by("label", "pk")
        return [("", "–"), *((spec.pk, f"{spec.label} · {spec.provider}") for spec in specs)]

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        form.fields["to"].choices = self.deployments

    def clean(self) -> None:
        shown = [form.instance.pk for form in self.initial_forms]
        others = Route.objects.filter(model=self.instance.pk).exclude(pk__in=shown)
        seen = set(others.values_list("to", flat=True))
        for form in self.forms:
            to = form.cleaned_data.get("to") if not form.errors else None
            if to is None or form.cleaned_data.get("DELETE"):
                continue
            if to.pk in seen:
                form.add_error("to", _("This deployment is already in the list."))
            seen.add(to.pk)


class RouteInline(TabularInline):
    model = Route
    fk_name = "model"
    form = RouteForm
    formset = RouteFormSet
    fields = ("to", "priority", "weight")
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[Route]:
        return super().get_queryset(request).select_related("model", "to")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        if db_field.name == "to":
            field = db_field.formfield(widget=UnfoldAdminSelectWidget)
        else:
            field = super().formfield_for_dbfield(db_field, request, **options)
        if field is not None:  # the heads of the table label nothing
            field.widget.attrs["aria-label"] = field.label
        return field
