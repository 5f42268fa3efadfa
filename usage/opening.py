"""What a new limit begins with: what its subject has used of each window, by the ledger."""

import datetime as dt
from decimal import Decimal

from django.db.models import Case, Count, F, Func, Q, Sum, When
from django.db.models.fields import BigIntegerField
from django.db.models.functions import Coalesce, Extract, Floor

from usage.models import Account, Limit, UsageRecord
from usage.rollups import sums_of_all, sums_since
from usage.standing import MINUTE, Moment, Window


def open_books(limit: Limit, at: Moment) -> None:
    """Fill the counters of a limit that is in the database, but that no call has taken from yet.

    Calls that are under way count from now on. Their rows are marked first: one that is closed
    meanwhile is waited for, and found among the settled ones below.
    """
    mine = of_subject(limit)
    # The state is asked of the row itself, too: what is asked of joined tables is not looked at
    # again when a row that was waited for has changed.
    held = UsageRecord.State.HELD
    found = UsageRecord.objects.filter(mine, state=held).values("pk")
    UsageRecord.objects.filter(pk__in=found, state=held).update(
        limits=Func(F("limits"), limit.pk, function="array_append")
    )
    marked = UsageRecord.objects.filter(state=held, limits__contains=[limit.pk])
    sums = marked.aggregate(calls=Count("*"), cost=Coalesce(Sum("held_cost"), Decimal(0)))
    limit.open_calls, limit.held = sums["calls"], sums["cost"]
    limit.day, limit.month = at.day, at.month
    for window in Window:
        setattr(limit, f"{window}_spent", _spent(limit, at.begin_of(window)))
    limit.seconds, limit.requests, limit.tokens = _last_minute(mine, at)


def _spent(limit: Limit, since: dt.datetime | None) -> Decimal:
    people = Q(user=limit.user_id) if limit.team_id is None else Q(user__teams=limit.team_id)
    if since is None and (limit.user_id or limit.team_id):
        return sums_of_all(people).cost
    return sums_since(since, of_subject(limit)).cost


def of_subject(limit: Limit) -> Q:
    """Return the condition for the rows, of the ledger or its sums, that count against `limit`.

    It joins nothing: an update that waits for a row looks at it again, but not at a joined one.
    """
    accounts = Account.objects.values("pk")
    if limit.user_id is not None:
        return Q(account__in=accounts.filter(user=limit.user_id))
    if limit.team_id is not None:
        return Q(account__in=accounts.filter(user__teams=limit.team_id))
    if limit.key_id is not None:
        return Q(key=limit.key_id)
    return Q(model=limit.model_id)


def _last_minute(mine: Q, at: Moment) -> tuple[list[int], list[int], list[int]]:
    since = dt.datetime.fromtimestamp(at.second - MINUTE, dt.UTC)
    tokens = Case(
        When(state="held", then=F("held_input_tokens") + F("held_output_tokens")),
        When(state="settled", then=F("input_tokens") + F("output_tokens")),
        default=0,
        output_field=BigIntegerField(),
    )
    second = Floor(Extract("created_at", "epoch"), output_field=BigIntegerField())
    rows = (
        UsageRecord.objects.filter(mine, created_at__gte=since)
        .order_by()
        .values(second=second)
        .annotate(calls=Count("*"), size=Sum(tokens))
        .order_by("second")
        .values_list("second", "calls", "size")
    )
    seconds, calls, sizes = zip(*rows, strict=True) if rows else ((), (), ())
    return list(seconds), list(calls), list(sizes)
