"""The audit trail's list, and where what it names is found in the administration."""

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.admin.sites import AdminSite
from django.contrib.admin.views.main import PAGE_VAR, SEARCH_VAR
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse

from ops.admin.pages import UncountedList, is_key
from ops.admin.trail_filters import ActorFilter, ObjectFilter
from ops.filters import is_used
from ops.models import AuditEntry

Named = tuple[str, str]  # a kind and a key
_PERSON = settings.AUTH_USER_MODEL.lower()


class TrailList(UncountedList):
    """Entries know the pages of who acted and of what it was done to; see `link`.

    Where the list is about one object, `done_to` is its name, with the key where it is a person;
    where it is of the acts of one person, `done_by` is theirs.
    """

    result_list: Any
    done_to: Named | None = None
    done_by: Named | None = None

    def narrowed_by(self) -> list[str]:
        """Name the filters in use, and the search: not what is looked for."""
        used = [spec.parameter_name for spec in self.filter_specs if is_used(spec)]
        return [*used, *([SEARCH_VAR] if self.query else [])]

    @property
    def exported(self) -> str:
        """The query by which all that is found here is exported."""
        return self.get_query_string(remove=[PAGE_VAR])

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        site = self.model_admin.admin_site
        self.result_list = link(request, self.result_list, site)
        for spec in self.filter_specs:
            if isinstance(spec, ObjectFilter):
                value, name = spec.lookup_choices[0]
                kind, _slash, key = value.partition("/")
                person = key if kind == _PERSON and is_key(key) else ""
                self.done_to = _name(request, kind, key, site) or name, person
            elif isinstance(spec, ActorFilter) and (actor := spec.value()):
                former = AuditEntry(kind=_PERSON, key=actor).what
                self.done_by = _name(request, _PERSON, actor, site) or former, actor


def link(request: HttpRequest, entries: Iterable[AuditEntry], site: AdminSite) -> list[AuditEntry]:
    """Give entries `actor_page` and `subject_page`, `None` where there is none (any more).

    One statement for each kind of object among them.
    """
    listed = list(entries)
    named = {_actor(each) for each in listed} | {_subject(each) for each in listed}
    pages: dict[Named, str] = {}
    for kind in {kind for kind, key in named if kind and key}:
        keys = [key for of, key in named if of == kind]
        pages |= {(kind, key): page for key, page in _pages(request, kind, keys, site)}
    for each in listed:
        each.actor_page = pages.get(_actor(each))  # type: ignore[attr-defined]
        each.subject_page = pages.get(_subject(each))  # type: ignore[attr-defined]
    return listed


def _actor(entry: AuditEntry) -> Named:
    return _PERSON, str(entry.actor or "")


def _subject(entry: AuditEntry) -> Named:
    return entry.kind, entry.key


def _pages(
    request: HttpRequest, kind: str, keys: Iterable[str], site: AdminSite
) -> Iterable[tuple[str, str]]:
    """Yield the keys of the objects that there are, with their pages."""
    model = _model(request, kind, site)
    if model is None:
        return
    page = f"{site.name}:{model._meta.app_label}_{model._meta.model_name}_change"
    asked = [key for key in keys if _is_key_of(model, key)]
    for key in model._default_manager.filter(pk__in=asked).values_list("pk", flat=True):
        yield str(key), reverse(page, args=[key])


def _name(request: HttpRequest, kind: str, key: str, site: AdminSite) -> str:
    """Return what an object is called now; empty where there is none (any more)."""
    model = _model(request, kind, site)
    if model is None or not _is_key_of(model, key):
        return ""
    found = model._default_manager.filter(pk=key).first()
    return str(found) if found else ""


def _model(request: HttpRequest, kind: str, site: AdminSite) -> Any:
    """Return the model of a kind whose pages somebody may see; `None` where there is none."""
    try:
        model = apps.get_model(kind)
    except (LookupError, ValueError):  # of another version
        return None
    if not site.is_registered(model):
        return None
    return model if site.get_model_admin(model).has_view_permission(request) else None


def _is_key_of(model: Any, key: str) -> bool:
    try:
        model._meta.pk.to_python(key)
    except ValidationError:
        return False
    return True
