"""The ledger's sums by the hour: made once of each hour that is over, and read with what follows.

An hour is over when no call that began in it can still be held: rows of the ledger do not change
once they are closed, so that its sums never do either.
"""

import datetime as dt
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, Sum
from django.db.models.functions import Coalesce

from usage.models import HourlyUsage, RolledUp, UsageRecord

HOUR = dt.timedelta(hours=1)
SETTLING = dt.timedelta(minutes=10)  # a call that began in an hour is in the ledger by then
AT_ONCE = 24 * 7  # hours that one task adds up: a long ledger's first time takes several

# How a call ends well; every other outcome is an error. "stopped": the reader had enough.
WELL = (
    "stop", "length", "content_filter", "tool_calls",
    "stopped", "cancelled", "never_called", "handed_over",
)  # fmt: skip

_ADD_UP = """
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
"""


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
    held = UsageRecord.objects.filter(state=UsageRecord.State.HELD).order_by("created_at")
    oldest = held.values_list("created_at", flat=True).first()
    latest = _now() - SETTLING
    return hour_of(min(oldest, latest) if oldest else latest)


def _now() -> dt.datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        return cursor.fetchone()[0]


def cost_since(since: dt.datetime | None, mine: Q) -> Decimal:
    """Return what the calls that `mine` describes and that began since then cost, in US dollars."""
    until = rolled_until()
    if until is None or (since is not None and since >= until):
        return _cost(mine & (Q(created_at__gte=since) if since else Q()))
    rolled, tail = Q(hour__lt=until), Q(created_at__gte=until)
    if since is None:
        return _hourly_cost(mine & rolled) + _cost(mine & tail)
    first = hour_of(since)
    if first < since:  # where a day does not begin with an hour of UTC
        first += HOUR
    before = _cost(mine & Q(created_at__gte=since, created_at__lt=first))
    return before + _hourly_cost(mine & rolled & Q(hour__gte=first)) + _cost(mine & tail)


def _cost(rows: Q) -> Decimal:
    return UsageRecord.objects.filter(rows).aggregate(sum=Coalesce(Sum("cost"), Decimal(0)))["sum"]


def _hourly_cost(rows: Q) -> Decimal:
    return HourlyUsage.objects.filter(rows).aggregate(sum=Coalesce(Sum("cost"), Decimal(0)))["sum"]
