"""The limits of people, teams, keys and models: set, removed, looked at."""

import datetime as dt
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from accounts.errors import KeyRevoked
from accounts.models import ApiKey, Team, User
from providers.models import ModelSpec
from usage.errors import LimitsBind, SubjectGone
from usage.models import Limit, Payer
from usage.opening import open_books
from usage.standing import Moment, Standing, Window

SETTINGS = (
    "requests_per_minute",
    "tokens_per_minute",
    "max_streams",
    *(f"{window}_budget" for window in Window),
)
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
    limit.binds_owner = isinstance(subject, ApiKey) and not by_owner
    for name, value in values.items():
        setattr(limit, name, value)
    for window in Window:  # a raised budget is warned of anew
        setattr(limit, f"{window}_warned", 0)
    limit.save()
    return limit


def remove_limits(subject: Subject, *, by_owner: bool = False) -> None:
    """Let a person, team, key or model use whatever others allow.

    Calls under way go on, and give nothing back at their end; limits that are set anew count them.
    Raises `LimitsBind` where an administrator set what the key's owner wants to lift.
    """
    limit = Limit.objects.filter(**_which(subject))
    if not by_owner:
        limit.delete()
    elif not limit.filter(binds_owner=False).delete()[0] and limit.exists():
        raise LimitsBind


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
