"""The limits of people, teams, keys and models: set, removed, looked at."""

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from accounts.errors import KeyRevoked
from accounts.models import ApiKey, Team, User
from ops.audit.acts import Act
from ops.audit.changes import differing
from ops.audit.trail import record
from providers.models import ModelSpec
from usage.errors import LimitsBind, SubjectGone
from usage.models import Limit, Payer
from usage.opening import open_books
from usage.standing import Moment, Standing, Window

_BUDGETS = tuple(f"{window}_budget" for window in Window)
SETTINGS = ("requests_per_minute", "tokens_per_minute", "max_streams", *_BUDGETS)
Subject = User | Team | ApiKey | ModelSpec
_FIELDS: dict[type, str] = {User: "user", Team: "team", ApiKey: "key", ModelSpec: "model"}
BOOKS = 0x6C65646765727C  # the advisory lock that a new limit's opening keeps all calls from


def standings(payer: Payer, model_id: UUID | None) -> list[Standing]:
    """Return how the limits that apply stand now."""
    return _stand(Limit.objects.applying_to(payer, model_id))


def _stand(limits: QuerySet[Limit]) -> list[Standing]:
    return [Standing(limit, Moment(limit.now)) for limit in limits.annotate(now=Now())]


def limit_of(subject: Subject) -> Limit | None:
    return Limit.objects.filter(**_which(subject)).first()


def unusable_under(limit: Limit) -> QuerySet[ModelSpec]:
    """Return the models that answer, but not within a budget of this limit: for want of a price."""
    if all(getattr(limit, f"{window}_budget") is None for window in Window):
        return ModelSpec.objects.none()
    unpriced = ModelSpec.objects.answering().unpriced()
    if limit.model_id is None:
        return unpriced
    return unpriced.filter(Q(pk=limit.model_id) | Q(answers_for__model=limit.model_id)).distinct()


@transaction.atomic
def set_limits(subject: Subject, *, by_owner: bool = False, **settings: Any) -> Limit:
    """Set all limits of a person, team, key or model: those not named have none.

    A first limit begins with what the ledger says of its subject. For that moment no call begins,
    and those under way are counted. The owner of a key (`by_owner`) sets what no administrator
    did. Raises `SubjectGone`, `LimitsBind`, and `KeyRevoked` for a key that opens nothing any more.
    """
    values = {name: settings.pop(name, None) for name in SETTINGS}
    if settings:
        raise TypeError(f"no such limit: {', '.join(settings)}")
    _keep(subject)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [BOOKS])
    limit = Limit.objects.select_for_update().filter(**_which(subject)).first()
    if limit is None:
        limit = Limit(**_which(subject), day=dt.date.min, month=dt.date.min)
        limit.save()
        open_books(limit, Moment(Limit.objects.values_list(Now(), flat=True)[0]))
    elif by_owner and limit.binds_owner:
        raise LimitsBind
    before = _settings_of(limit)
    limit.binds_owner = isinstance(subject, ApiKey) and not by_owner
    for name, value in values.items():
        setattr(limit, name, value)
    for window in Window:  # a raised budget is warned of anew
        setattr(limit, f"{window}_warned", 0)
    limit.save()
    if changes := differing(before, _settings_of(limit)):
        record(Act.LIMITS_SET, subject, owner=_owner(subject), **changes)
    return limit


@transaction.atomic
def remove_limits(subject: Subject, *, by_owner: bool = False) -> None:
    """Let a person, team, key or model use whatever others allow.

    Calls under way go on, and give nothing back at their end; limits that are set anew count them.
    Raises `LimitsBind` where an administrator set what the key's owner wants to lift.
    """
    limit = Limit.objects.select_for_update().filter(**_which(subject)).first()
    if limit is None:
        return
    if by_owner and limit.binds_owner:
        raise LimitsBind
    before = _settings_of(limit)
    limit.delete()
    changes = differing(before, dict.fromkeys(before))
    record(Act.LIMITS_REMOVED, subject, owner=_owner(subject), **changes)


def _settings_of(limit: Limit) -> dict[str, Any]:
    """Return what is set, as the audit trail tells it: budgets as text, without idle zeros."""
    values = {name: getattr(limit, name) for name in SETTINGS}
    for name in _BUDGETS:
        if values[name] is not None:
            values[name] = f"{Decimal(values[name]).normalize():f}"
    return values | {"binds_owner": limit.binds_owner or None}


def _owner(subject: Subject) -> UUID | None:
    return subject.owner_id if isinstance(subject, ApiKey) else None


def _which(subject: Subject) -> dict[str, Subject]:
    return {_FIELDS[subject.__class__]: subject}  # type() of a request's user is a wrapper's


def _keep(subject: Subject) -> None:
    """Keep the subject from being deleted until the transaction ends: a key goes with its owner."""
    holder, pk = type(subject), subject.pk
    if isinstance(subject, ApiKey):
        holder, pk = User, subject.owner_id
    rows: Any = holder._default_manager
    if not rows.select_for_update(no_key=True).filter(pk=pk).values("pk"):
        raise SubjectGone
    if isinstance(subject, ApiKey):
        revoked = ApiKey.objects.filter(pk=subject.pk).values_list("revoked_at", flat=True)
        if not revoked:
            raise SubjectGone
        if revoked[0] is not None:
            raise KeyRevoked
