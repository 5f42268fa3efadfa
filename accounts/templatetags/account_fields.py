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
    _focus_on_what_is_wrong(form)
    return form.as_div()


def _focus_on_what_is_wrong(form: forms.BaseForm) -> None:
    """After a refusal the keyboard waits in the field to mend, not at the top of the page."""
    wrong = [bound for bound in form.visible_fields() if bound.errors]
    if not form.errors or not (candidates := wrong or form.visible_fields()):
        return
    for field in form.fields.values():
        field.widget.attrs.pop("autofocus", None)
    candidates[0].field.widget.attrs["autofocus"] = True
