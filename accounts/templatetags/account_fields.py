"""Drawing forms in our look."""

from django import forms, template
from django.utils.safestring import SafeString

from accounts.browsers import describe

register = template.Library()
register.filter("browser", describe)


@register.simple_tag
def account_fields(form: forms.BaseForm | None) -> SafeString | str:
    """All fields with their labels; allauth's placeholders would only say the label again."""
    if form is None:
        return ""
    form.label_suffix = ""
    for field in form.fields.values():
        field.widget.attrs.pop("placeholder", None)
    return form.as_div()
