"""The ledger's sums by the hour: made once of each hour that is over, and read with what follows.

An hour is over when no call that began in it can still be held: rows of the ledger do not change
once they are closed, so that its sums never do either. The accounts' own sums over all such hours
grow in the same transaction.
"""

import datetime as dt
from dataclasses import astuple, dataclass
from decimal import Decimal
from operator import add
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Max, Q, QuerySet, Subquery, Sum

from usage.models import Account, HourlyUsage, RolledUp, UsageRecord
from usage.models.record import WELL

HOUR = dt.timedelta(hours=1)
SETTLING = dt.timedelta(minutes=10)  # a call that began in an hour is in the ledger by then
AT_ONCE = 24 * 7  # hours that one task adds up: a long ledger's first time takes several

_ADD_UP = """
WITH added AS (
INSERT INTO usage_hourlyusage (
    hour, account_id, key_id, door, model_id, model_name, deployment_id, deployment_name,
    provider_name, calls, errors, estimated, unpriced, input_tokens, cached_tokens, output_tokens,
    reasoning_tokens, cost, latency_ms, timed, first_token_ms, first_tokens
)
SELECT date_trunc('hour', created_at, 'UTC'), account_id, key_id, door, model_id, model_name,
    deployment_id, deployment_name, provider_name,
    count(*),
    count(*) FILTER (WHERE outcome <> ALL(%(well)s)),
    count(*) FILTER (WHERE state = 'settled' AND NOT is_reported),
    count(*) FILTER (WHERE state = 'settled' AND cost IS NULL),
    coalesce(sum(input_tokens), 0), sum(cached_tokens),
    coalesce(sum(output_tokens), 0), sum(reasoning_tokens),
    coalesce(sum(cost), 0),
    coalesce(sum(latency_ms), 0), count(latency_ms),
    coalesce(sum(first_token_ms), 0), count(first_token_ms)
FROM usage_usagerecord
WHERE created_at >= %(since)s AND created_at < %(until)s
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
RETURNING account_id, calls, input_tokens, output_tokens, cost
), sums AS (
    SELECT account_id, sum(calls) AS calls, sum(input_tokens) AS input_tokens,
        sum(output_tokens) AS output_tokens, sum(cost) AS cost
    FROM added GROUP BY account_id
)
UPDATE usage_account AS account
SET calls = account.calls + sums.calls,
    input_tokens = account.input_tokens + sums.input_tokens,
    output_tokens = account.output_tokens + sums.output_tokens,
    cost = account.cost + sums.cost
FROM sums WHERE sums.account_id = account.id
"""


@dataclass(frozen=True, slots=True)
class Sums:
    """What calls came to. Tokens are tokens; `cost` is in US dollars."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: Decimal = Decimal(0)

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(*map(add, astuple(self), astuple(other)))


def hour_of(time: dt.datetime) -> dt.datetime:
    return time.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0)


def rolled_until() -> dt.datetime | None:
    """Return up to when the hours are added up; `None` before the first time."""
    return RolledUp.objects.values_list("until", flat=True).first()


@transaction.atomic
def roll_up() -> int:
    """Add up the hours that are over, some at a time; returns how many."""
    RolledUp.objects.bulk_create([RolledUp(until=_first_hour())], ignore_conflicts=True)
    row = RolledUp.objects.select_for_update().get()
    until = min(_over_until(), row.until + AT_ONCE * HOUR)
    if until <= row.until:
        return 0
    values: dict[str, Any] = {"well": list(WELL), "since": row.until, "until": until}
    with connection.cursor() as cursor:
        cursor.execute(_ADD_UP, values)
    hours = (until - row.until) // HOUR
    row.until = until
    row.save()
    return hours


def _first_hour() -> dt.datetime:
    first = UsageRecord.objects.order_by("created_at").values_list("created_at", flat=True).first()
    return hour_of(first or _now())


def _over_until() -> dt.datetime:
    """Return the end of the last hour that is over: none of its calls is held any more."""
    held = UsageRecord.objects.held().order_by("created_at", "pk")
    oldest = held.values_list("created_at", flat=True).first()
    latest = _now() - SETTLING
    return hour_of(min(oldest, latest) if oldest else latest)


def _now() -> dt.datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        return cursor.fetchone()[0]


def sums_since(since: dt.datetime | None, mine: Q) -> Sums:
    """Return what the calls that `mine` describes came to: all, or those that began since then."""
    until = rolled_until()
    if until is None or (since is not None and since >= until):
        return _counted(mine & (Q(created_at__gte=since) if since else Q()))
    tail = _counted(mine & Q(created_at__gte=until))
    hours = HourlyUsage.objects.filter(mine, hour__lt=until)
    if since is None:
        return _added(hours) + tail
    first = hour_of(since)
    if first < since:  # where a day does not begin with an hour of UTC
        first += HOUR
    before = _counted(mine & Q(created_at__gte=since, created_at__lt=first))
    return before + _added(hours.filter(hour__gte=first)) + tail


def sums_of_all(accounts: Q) -> Sums:
    """Return what all calls of the accounts that `accounts` describes came to."""
    until = Subquery(RolledUp.objects.values("until"))
    # In one statement: these sums are the ones up to that hour.
    found = Account.objects.filter(accounts).annotate(until=until)
    values = found.aggregate(**_SUMS, last=Max("until"))
    last = values.pop("last")
    mine = Q(account__in=Account.objects.filter(accounts))
    return Sums(**values) + _counted(mine & (Q(created_at__gte=last) if last else Q()))


_SUMS = {
    "calls": Sum("calls", default=0),
    "input_tokens": Sum("input_tokens", default=0),
    "output_tokens": Sum("output_tokens", default=0),
    "cost": Sum("cost", default=Decimal(0)),
}


def _counted(rows: Q) -> Sums:
    return Sums(**UsageRecord.objects.filter(rows).aggregate(**_SUMS | {"calls": Count("*")}))


def _added(rows: QuerySet[Any]) -> Sums:
    return Sums(**rows.aggregate(**_SUMS))
