"""Entries of the audit trail: written with their act, and made to forget who was erased."""

import re
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Model, Q

from ops.audit.acting import acting
from ops.audit.acts import Act
from ops.logs import without_secrets
from ops.models import AuditEntry

_BROWSER_SHOWN, _NAME_SHOWN = 200, 254  # characters, as many as the columns take
_ORIGIN = re.compile(r"[a-z]+://[^/\s@]+")


def record(
    act: Act,
    subject: Model | None = None,
    *,
    owner: UUID | None = None,
    actor: Model | None = None,
    **details: Any,
) -> None:
    """Record an act within the transaction that does it.

    `owner` is the id of whose `subject` is, where its name may tell of a person; a person is their
    own. `actor` is who acts, where that is not who is signed in. `details` are neither secret nor
    personal. Raises `TransactionManagementError` outside of a transaction.
    """
    record_each(act, [subject], owner=owner, actor=actor, **details)


def record_each(
    act: Act,
    subjects: Iterable[Model | None],
    *,
    owner: UUID | None = None,
    actor: Model | None = None,
    **details: Any,
) -> None:
    """Record one act done to each of several objects, likewise."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("an act is recorded in its transaction")
    by = _by(actor)
    if command := acting().command:
        details["command"] = command
    told = _without_secrets(details)
    AuditEntry.objects.bulk_create(
        AuditEntry(act=act, **by, **_to(each, owner), details=told) for each in subjects
    )


def forget(person: UUID) -> None:
    """Empty what names somebody who is erased, wherever they acted or something was theirs."""
    AuditEntry.objects.filter(actor=person).update(actor_name="", address=None, browser="")
    theirs = AuditEntry.objects.filter(owner=person)
    theirs.update(subject_name="")
    theirs.filter(Q(actor=None)).update(address=None, browser="")


def _by(actor: Model | None) -> dict[str, Any]:
    """Return who acts, by which door and from where."""
    who = acting()
    if who.request is None:
        door = AuditEntry.Door.COMMAND if who.command else AuditEntry.Door.HOUSE
        return {"door": door}
    user = actor or getattr(who.request, "user", None)
    browser = without_secrets(who.request.headers.get("User-Agent", "")).replace("\x00", "")
    by = {"door": AuditEntry.Door.WEB, "address": who.address, "browser": browser[:_BROWSER_SHOWN]}
    if user is not None and user.pk:
        by |= {"actor": user.pk, "actor_name": _name_of(user)}
    return by


def _to(subject: Model | None, owner: UUID | None) -> dict[str, Any]:
    """Return which object an act was done to."""
    if subject is None:
        return {}
    kind = subject._meta.label_lower
    if kind == settings.AUTH_USER_MODEL.lower():
        owner = subject.pk
    key, name = str(subject.pk), _name_of(subject)
    return {"kind": kind, "key": key, "owner": owner, "subject_name": name}


def _name_of(row: Model) -> str:
    return _without_secrets(str(row)).replace("\x00", "")[:_NAME_SHOWN]


def _without_secrets(value: Any) -> Any:
    """Hide a key that was pasted where a name belongs: an entry keeps it for ever.

    What is an origin and nothing else has none; its port would be taken for a password.
    """
    if isinstance(value, str):
        return value if _ORIGIN.fullmatch(value) else without_secrets(value)
    if isinstance(value, list | tuple):
        return [_without_secrets(each) for each in value]
    if isinstance(value, dict):
        return {name: _without_secrets(each) for name, each in value.items()}
    return value
