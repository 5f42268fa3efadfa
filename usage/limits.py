"""What a call takes of the limits that apply to it when it begins, and gives back when it ends.

Each limit is one row with its counters. A call takes its share by one conditional statement, in the
transaction that writes its row of the ledger, and gives back in the one that closes that row: of
many that want the last cent in the same moment, however many processes they come from, the
database lets pass as many as it pays for. Rows are locked in the order of their ids, as the last
thing before a commit.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from accounts.errors import KeyRevoked
from accounts.models import ApiKey, Team, User
from providers.models import ModelSpec
from providers.values import Prompt, Wire
from usage.errors import LimitsBind, SubjectGone
from usage.fitting import cost_of, fit
from usage.models import Limit, Payer
from usage.opening import open_books
from usage.standing import MINUTE, Moment, Standing, Window

SETTINGS = (
    "requests_per_minute",
    "tokens_per_minute",
    "max_streams",
    *(f"{window}_budget" for window in Window),
)
Subject = User | Team | ApiKey | ModelSpec
_FIELDS: dict[type, str] = {User: "user", Team: "team", ApiKey: "key", ModelSpec: "model"}
BOOKS = 0x6C65646765727C  # the advisory lock that a new limit's opening keeps all calls from

_LOCKED = """
WITH locked AS MATERIALIZED (
    SELECT id FROM usage_limit WHERE id = ANY(%(ids)s) ORDER BY id FOR NO KEY UPDATE
)
UPDATE usage_limit AS l SET
"""
_TAKE = (
    _LOCKED  # noqa: S608  (nothing but our own words)
    + """
    open_calls = l.open_calls + 1,
    held = l.held + %(cost)s,
    (seconds, requests, tokens) = (
        SELECT array_agg(second ORDER BY second),
               array_agg(calls ORDER BY second),
               array_agg(size ORDER BY second)
        FROM (
            SELECT second, sum(calls)::int AS calls, sum(size)::bigint AS size
            FROM (
                SELECT * FROM unnest(l.seconds, l.requests, l.tokens)
                UNION ALL SELECT %(second)s::bigint, 1, %(tokens)s::bigint
            ) AS each(second, calls, size)
            WHERE second >= %(oldest)s GROUP BY second
        ) AS kept
    )
FROM locked
WHERE l.id = locked.id
  AND (l.max_streams IS NULL OR l.open_calls < l.max_streams)
  AND (l.requests_per_minute IS NULL OR l.requests_per_minute > (
      SELECT coalesce(sum(calls), 0) FROM unnest(l.seconds, l.requests) AS each(second, calls)
      WHERE second >= %(oldest)s
  ))
  AND (l.tokens_per_minute IS NULL OR l.tokens_per_minute >= %(tokens)s + (
      SELECT coalesce(sum(size), 0) FROM unnest(l.seconds, l.tokens) AS each(second, size)
      WHERE second >= %(oldest)s
  ))
  AND (%(cost)s = 0 OR (
      (l.day_budget IS NULL OR l.day_budget >= l.held + %(cost)s
          + CASE WHEN l.day < %(day)s THEN 0 ELSE l.day_spent END)
      AND (l.month_budget IS NULL OR l.month_budget >= l.held + %(cost)s
          + CASE WHEN l.month < %(month)s THEN 0 ELSE l.month_spent END)
      AND (l.total_budget IS NULL OR l.total_budget >= l.held + %(cost)s + l.total_spent)
  ))
"""
)
_GIVE_BACK = (
    _LOCKED  # noqa: S608
    + """
    open_calls = l.open_calls - 1,
    held = l.held - %(held)s,
    day = greatest(l.day, %(day)s),
    day_spent = CASE WHEN l.day < %(day)s THEN %(cost)s
                     WHEN l.day = %(day)s THEN l.day_spent + %(cost)s
                     ELSE l.day_spent END,
    day_warned = CASE WHEN l.day < %(day)s THEN 0 ELSE l.day_warned END,
    month = greatest(l.month, %(month)s),
    month_spent = CASE WHEN l.month < %(month)s THEN %(cost)s
                       WHEN l.month = %(month)s THEN l.month_spent + %(cost)s
                       ELSE l.month_spent END,
    month_warned = CASE WHEN l.month < %(month)s THEN 0 ELSE l.month_warned END,
    total_spent = l.total_spent + %(cost)s,
    tokens = ARRAY(
        SELECT CASE WHEN second = %(second)s THEN greatest(size + %(more)s, 0) ELSE size END
        FROM unnest(l.seconds, l.tokens) WITH ORDINALITY AS each(second, size, place)
        ORDER BY place
    )
FROM locked
WHERE l.id = locked.id
"""
)


@dataclass(frozen=True)
class Share:
    """What a call took: how long its answer may be, and what is to be given back.

    `cost` is an upper bound in US dollars, `None` where the model has no price; `began_at` is the
    moment that the limits counted it in, `None` where none applies.
    """

    max_tokens: int
    limits: list[int]
    cost: Decimal | None
    began_at: dt.datetime | None


def standings(payer: Payer, model_id: UUID | None) -> list[Standing]:
    """Return how the limits that apply stand now."""
    return _stand(Limit.objects.applying_to(payer, model_id))


def _locked_standings(payer: Payer, model_id: UUID | None) -> list[Standing]:
    """Return how they stand once nobody else takes or gives back."""
    mine = Limit.objects.applying_to(payer, model_id).select_for_update(no_key=True)
    ids = list(mine.values_list("pk", flat=True))
    return _stand(Limit.objects.filter(pk__in=ids).order_by("pk"))  # by the clock after the wait


def _stand(limits: QuerySet[Limit]) -> list[Standing]:
    return [Standing(limit, Moment(limit.now)) for limit in limits.annotate(now=Now())]


def take(
    payer: Payer, model_id: UUID | None, spec: ModelSpec, ask: Prompt | Wire, input_tokens: int
) -> Share:
    """Take what `ask` can come to when `spec` answers for the model that was asked.

    Joins the transaction that writes the hold. Raises `LimitReached`; then nothing was taken.
    Others may take between the look and the grip: who came too late twice grips before looking, so
    that every refusal names a limit that was reached.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [BOOKS])
    for look in (standings, standings, _locked_standings):
        found = look(payer, model_id)
        output = fit(found, spec, ask, input_tokens)
        cost = cost_of(spec, input_tokens, output)
        if not found:
            return Share(output, [], cost, None)
        ids = [standing.limit.pk for standing in found]
        if _taken(ids, found[0].at, cost or Decimal(0), input_tokens + output):
            return Share(output, ids, cost, found[0].at.time)
    raise AssertionError("what is locked does not change")


def _taken(ids: list[int], at: Moment, cost: Decimal, tokens: int) -> bool:
    """Take from all or none."""
    values: dict[str, Any] = {
        "ids": ids,
        "cost": cost,
        "tokens": tokens,
        "second": at.second,
        "oldest": at.second - MINUTE,
        "day": at.day,
        "month": at.month,
    }
    savepoint = transaction.savepoint()
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, values)
        if cursor.rowcount == len(ids):
            transaction.savepoint_commit(savepoint)
            return True
    transaction.savepoint_rollback(savepoint)
    return False


def give_back(
    ids: Sequence[int],
    began_at: dt.datetime,
    *,
    held_cost: Decimal,
    cost: Decimal,
    more_tokens: int,
) -> None:
    """Give back a hold and note what it came to.

    `more_tokens` is how many the call used beyond its hold: seldom positive. A limit that was
    deleted meanwhile is passed over.
    """
    at = Moment(began_at)
    values: dict[str, Any] = {
        "ids": list(ids),
        "held": held_cost,
        "cost": cost,
        "more": more_tokens,
        "second": at.second,
        "day": at.day,
        "month": at.month,
    }
    with connection.cursor() as cursor:
        cursor.execute(_GIVE_BACK, values)


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
    return {_FIELDS[type(subject)]: subject}


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
