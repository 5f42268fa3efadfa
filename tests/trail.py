"""What the audit trail says of what a test does."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.test import RequestFactory

from accounts.models import User
from ops.audit.acting import Acting, acts_by, acts_no_more
from ops.audit.acts import Act
from ops.models import AuditEntry

ADDRESS, BROWSER = "192.0.2.77", "Firefox/140.0 of somebody"


@contextmanager
def acting_as(user: User | None) -> Iterator[None]:
    """Do what follows as `user`, from `ADDRESS` by `BROWSER`, without a page."""
    request = RequestFactory().get("/", headers={"User-Agent": BROWSER})
    request.user = user  # type: ignore[assignment]
    acts_by(Acting(request, ADDRESS))
    try:
        yield
    finally:
        acts_no_more()


@contextmanager
def recorded(*acts: Act) -> Iterator[list[AuditEntry]]:
    """Expect these entries and no others of what is done within, in this order."""
    newest = AuditEntry.objects.order_by("pk").last()
    entries: list[AuditEntry] = []
    yield entries
    entries += AuditEntry.objects.filter(pk__gt=newest.pk if newest else 0).order_by("pk")
    assert [entry.act for entry in entries] == list(acts)


def whole_trail() -> str:
    """Return every column of every entry as text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT ops_auditentry::text FROM ops_auditentry")
        return "\n".join(row for (row,) in cursor.fetchall())
