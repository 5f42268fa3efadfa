"""The rights version: how every process learns within a second that a right was taken away.

An action that takes a right away (a session ended, a password changed, a person deactivated, a
role or key withdrawn) calls `bump_rights()` inside its own transaction. Each process that holds
streams or sockets open reads `current_rights_version()` once a second and, when the number is not
the one it saw last, asks again for each of them whether it is still allowed. The message to the
group `rights` only makes that sooner: hints get lost, the row does not.
"""

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import connection, transaction
from django.db.models import F

from accounts.models import RightsVersion

GROUP = "rights"
MESSAGE = {"type": "rights.changed"}
VERSION = f"SELECT version FROM {RightsVersion._meta.db_table} WHERE id = 1"  # noqa: S608
log = structlog.get_logger(__name__)


class RightsChanged(Exception):
    """Somebody's rights changed since the version at which they were read."""


def bump_rights() -> None:
    """Change the version. Must run inside the transaction that takes the right away."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("bump_rights() belongs in a transaction")
    row = RightsVersion.objects.filter(pk=1)
    if not row.update(version=F("version") + 1):
        RightsVersion.objects.bulk_create([RightsVersion()], ignore_conflicts=True)
        row.update(version=F("version") + 1)
    transaction.on_commit(_hint, robust=True)


def current_rights_version() -> int:
    """Read the version: one row by its key. Compare with `!=`; its size means nothing."""
    with connection.cursor() as cursor:  # with each call to a model: what the ORM adds would count
        cursor.execute(VERSION)
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def _hint() -> None:
    layer = get_channel_layer()
    if layer is None:
        return
    try:
        async_to_sync(layer.group_send)(GROUP, MESSAGE)
    except Exception as error:  # the poll finds it: no hint is worth failing a sign-out
        log.warning("rights_hint_not_sent", reason=type(error).__name__)
