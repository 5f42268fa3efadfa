"""What a form of the administration sends when nothing in it is changed."""

from typing import Any

from django.test import Client
from django.urls import reverse


def page(row: Any, name: str) -> str:
    meta = row._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{name}", args=[row.pk])


def form_of(client: Client, row: Any) -> dict[str, Any]:
    context = client.get(page(row, "change")).context
    forms = [context["adminform"].form]
    for each in context["inline_admin_formsets"]:
        forms += [each.formset.management_form, *each.formset.forms]
    sent = {}
    for form in forms:
        for bound in form:
            value = bound.value()
            if value is not None and value is not False and value != "":
                sent[bound.html_name] = "on" if value is True else value
    return sent


def save(client: Client, row: Any, **changes: Any) -> None:
    """Send the form of a row with these changes."""
    answer = client.post(page(row, "change"), {**form_of(client, row), **changes})
    assert answer.status_code == 302, answer.context["adminform"].form.errors
