"""System checks that hold the trust boundary where Python cannot."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets
from django.core import checks
from django.core.exceptions import FieldDoesNotExist

from boundary.encryption import EncryptedTextField


def admin_shows_no_secret(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[checks.Error]:
    """Refuse an admin page that names an encrypted field: it would print the plain text."""
    return [
        checks.Error(
            f"{type(page).__name__} shows the encrypted field {name!r}.",
            hint="Show a hint such as the last four characters instead.",
            obj=type(page),
            id="boundary.E003",
        )
        for registered in admin.site._registry.values()
        for page in (registered, *_inlines(registered))
        for name in sorted(_shown(page))
        if _is_encrypted(page, name)
    ]


def _inlines(page: admin.ModelAdmin) -> Iterator[Any]:
    for inline in page.inlines or ():
        yield inline(page.model, page.admin_site)


def _shown(page: Any) -> set[str]:
    names = [
        *getattr(page, "list_display", ()),
        *(page.readonly_fields or ()),
        *(page.fields or ()),
        *flatten_fieldsets(page.fieldsets or ()),
    ]
    return {
        name
        for entry in names
        for name in (entry if isinstance(entry, (list, tuple)) else [entry])
        if isinstance(name, str)
    }


def _is_encrypted(page: Any, name: str) -> bool:
    # A form field of the same name is the page's own and asks for a new value.
    if name in getattr(page.form, "base_fields", {}) and name not in (page.readonly_fields or ()):
        return False
    try:
        return isinstance(page.model._meta.get_field(name), EncryptedTextField)
    except FieldDoesNotExist:
        return False
