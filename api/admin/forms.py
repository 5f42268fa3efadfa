"""What the administration's pages of keys take in: the forms of everybody, drawn as Unfold's."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from accounts.models import ApiKey
from api.forms import KeyForm, RotateForm, models_for
from providers.models import ModelSpec


class DayInput(UnfoldAdminTextInputWidget):
    input_type = "date"


_WIDGETS: dict[str, type[forms.Widget]] = {
    "name": UnfoldAdminTextInputWidget,
    "endpoints": UnfoldAdminCheckboxSelectMultipleWidget,
    "model_names": UnfoldAdminCheckboxSelectMultipleWidget,
    "networks": UnfoldAdminTextareaWidget,
    "expires_in": UnfoldAdminSelectWidget,
    "expires_on": DayInput,
    "overlap": UnfoldAdminSelectWidget,
}


class KeyAdminForm(KeyForm, forms.ModelForm):
    """A key for somebody else. Its models are those of its owner, once one is chosen."""

    class Meta:
        model = ApiKey
        fields = ("owner",)

    def __init__(self, *args: Any, **options: Any) -> None:
        key: ApiKey | None = options.get("instance")
        offered = ModelSpec.objects.answering().filter(is_listed=True).exclude(public_name=None)
        super().__init__(
            *args,
            **options,
            key=key,
            offered=models_for(key.owner) if key else offered.order_by("public_name"),
        )
        _dress(self)

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        owner = given.get("owner")
        if owner is not None:
            own = {each.public_name for each in models_for(owner)}
            if others := set(given.get("model_names", ())) - own:
                sentence = _("%(owner)s may not use: %(models)s")
                named = {"owner": owner, "models": ", ".join(sorted(others))}
                self.add_error("model_names", sentence % named)
        return given


class RotateAdminForm(RotateForm):
    def __init__(self, data: Any = None, *, key: ApiKey) -> None:
        super().__init__(data, key=key)
        _dress(self)


def _dress(form: forms.BaseForm) -> None:
    for name, field in form.fields.items():
        if name in _WIDGETS:
            attrs = {**field.widget.attrs, "class": None}
            widget: Any = _WIDGETS[name](attrs={k: v for k, v in attrs.items() if v is not None})
            widget.is_required = field.required
            if isinstance(field, forms.ChoiceField):
                widget.choices = field.choices
            field.widget = widget
