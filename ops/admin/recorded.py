"""Forms that save their rows themselves, without a verb of the room: recorded here."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from django.http import HttpRequest

from ops.admin.pages import SelectingAdmin
from ops.audit.acts import Act
from ops.audit.trail import record


def plainly(*fields: str) -> dict[str, Callable[[Any], Any]]:
    """Let the values of these be told as they are."""
    return dict.fromkeys(fields, lambda value: value)


class RecordedAdmin(SelectingAdmin):
    """Records what its form adds or changes, in one entry.

    Of the changed fields in `told` an entry holds old and new value, as the function there makes
    them: they have to be neither secret nor personal. Others are told by name, rows of another
    table by their number, and relations to many by the verb that sets them.
    """

    added: ClassVar[Act]
    changed: ClassVar[Act]
    told: ClassVar[Mapping[str, Callable[[Any], Any]]] = {}

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            record(self.added, obj)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        details = {**self._changes(form), **_rows(formsets)}
        if change and details:
            record(self.changed, form.instance, **details)

    def _changes(self, form: Any) -> dict[str, Any]:
        own = {field.name for field in self.opts.concrete_fields}
        told: dict[str, Any] = {}
        by_name = []
        for name in filter(own.__contains__, form.changed_data):
            tell = self.told.get(name, lambda value: None)
            old, new = tell(form.initial.get(name)), tell(form.cleaned_data[name])
            if old == new:
                by_name.append(name)
            else:
                told[name] = [old, new]
        return {**told, **({"changed": by_name} if by_name else {})}


def _rows(formsets: Iterable[Any]) -> dict[str, int]:
    """Return how many rows of other tables were saved."""
    found = {}
    for formset in formsets:
        name = str(formset.model._meta.model_name)
        for how in ("new", "changed", "deleted"):
            if rows := getattr(formset, f"{how}_objects", ()):
                found[f"{name}_{how}"] = len(rows)
    return found
