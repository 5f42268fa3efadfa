"""The audit trail as a file, as far as its list is narrowed; the export is an entry itself.

Asked for by POST, with a token: it is an act that is recorded, and no page elsewhere can lead an
administrator into it by a link.
"""

import json
from collections.abc import Callable, Iterator
from importlib import import_module
from time import monotonic
from typing import Any

from django.conf import settings
from django.contrib.admin.options import IncorrectLookupParameters, ModelAdmin
from django.contrib.auth import get_user
from django.core.exceptions import PermissionDenied
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBadRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.timezone import localdate
from django.views.decorators.http import require_POST

from ops.admin.trail_list import TrailList
from ops.audit.acts import Act
from ops.audit.trail import record
from ops.models import AuditEntry
from ops.sheets import csv_response, file_response

FIELDS = (
    "id", "created_at", "act", "actor", "actor_name", "kind", "key", "owner", "subject_name",
    "door", "address", "browser", "details",
)  # fmt: skip
CHUNK = 2000  # rows of one statement
ASKED_AGAIN_SECONDS = 1.0

Rows = Iterator[tuple[Any, ...]]


@require_POST
def export(request: HttpRequest, page: ModelAdmin) -> HttpResponseBase:
    """Send the entries that the query of the address finds, newest first."""
    if not page.has_view_permission(request):
        raise PermissionDenied
    form = request.POST.get("format", "")
    if form not in FORMATS:
        return HttpResponseBadRequest("format")
    try:
        found: TrailList = page.get_changelist_instance(request)  # type: ignore[assignment]
    except IncorrectLookupParameters:
        return redirect(f"{page.admin_site.name}:ops_auditentry_changelist")
    entries = found.queryset.order_by("-pk")
    # As of now, without the entry of this export.
    newest = entries.values_list("pk", flat=True).first() or 0
    with transaction.atomic():
        record(Act.TRAIL_EXPORTED, format=form, filters=found.narrowed_by())
    name = f"audit-trail-{localdate().isoformat()}"
    rows = _rows(entries.filter(pk__lte=newest))
    return FORMATS[form](name, _while_allowed(rows, request, page))


def _while_allowed(rows: Rows, request: HttpRequest, page: ModelAdmin) -> Rows:
    """Go on as long as whoever asked may: a slow reader may lose the right meanwhile.

    Raises `PermissionDenied` then, so that the file does not look whole.
    """
    asked = monotonic()
    for row in rows:
        if monotonic() - asked >= ASKED_AGAIN_SECONDS:
            again = _again(request)
            if not (page.admin_site.has_permission(again) and page.has_view_permission(again)):
                raise PermissionDenied
            asked = monotonic()
        yield row


def _again(request: HttpRequest) -> HttpRequest:
    """Return a request of the same session, as that is by now."""
    again = HttpRequest()
    store = import_module(settings.SESSION_ENGINE).SessionStore
    again.session = store(request.session.session_key)
    again.user = get_user(again)
    return again


def _rows(entries: QuerySet[AuditEntry]) -> Rows:
    """Read by statements of a bounded length, each going on where the last one ended."""
    listed = entries.values_list(*FIELDS)
    chunk = list(listed[:CHUNK])
    while chunk:
        yield from chunk
        chunk = list(listed.filter(pk__lt=chunk[-1][0])[:CHUNK])


def _csv(name: str, rows: Rows) -> HttpResponseBase:
    return csv_response(name, _table(rows))


def _table(rows: Rows) -> Iterator[tuple[Any, ...]]:
    yield FIELDS
    for number, at, *values, details in rows:
        yield number, at.isoformat(), *values, json.dumps(details, ensure_ascii=False)


def _json_lines(name: str, rows: Rows) -> HttpResponseBase:
    return file_response(f"{name}.jsonl", "application/jsonl; charset=utf-8", _objects(rows))


def _objects(rows: Rows) -> Iterator[str]:
    encoder = DjangoJSONEncoder(ensure_ascii=False)
    for number, at, *values in rows:
        row = (number, at.isoformat(), *values)
        yield encoder.encode(dict(zip(FIELDS, row, strict=True))) + "\n"


FORMATS: dict[str, Callable[[str, Rows], HttpResponseBase]] = {"csv": _csv, "jsonl": _json_lines}
