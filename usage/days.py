"""The ledger's sums by the day and the month: made of the hours' sums once a day is over.

A day is over when its last hour is added up: neither changes after that. A month's sums are made
with its last day. Days are those of `settings.TIME_ZONE`; where another is set they are made anew,
and the former ones go when that is done. Readers take from the hours what is not there yet.
"""

import datetime as dt
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from usage.figures import NAMES
from usage.models import Calendar, HourlyUsage
from usage.rollups import HOUR, rolled_until

DAY = dt.timedelta(days=1)
_FIGURES = ", ".join(NAMES)
_INTO = f"""
INSERT INTO usage_spanusage (
    calendar_id, unit, told, start, door, account_id, key_id, model_id, model_name, provider_name,
    {_FIGURES}
)
"""
_SUMS = ", ".join(f"sum({name})" for name in NAMES)
# `grouping` has a bit for each column that a row does not tell apart: 14 is all but door and
# provider, and so on as in `SpanUsage.Told`.
_DAYS = f"""
SELECT %(calendar)s, 1,
    CASE grouping(door, account_id, key_id, model_id, provider_name)
        WHEN 14 THEN 1 WHEN 12 THEN 2 WHEN 11 THEN 3 WHEN 23 THEN 4 WHEN 7 THEN 5 ELSE 6 END,
    %(first)s::date + day - 1, coalesce(door, ''), account_id, key_id, model_id,
    coalesce(model_name, ''), coalesce(provider_name, ''), {_SUMS}
FROM (
    SELECT *, width_bucket(hour, %(begins)s::timestamptz[]) AS day FROM usage_hourlyusage
    WHERE hour >= %(since)s AND hour < %(until)s
) AS hours
GROUP BY GROUPING SETS (
    (day, door, provider_name),
    (day, door, model_id, model_name, provider_name),
    (day, door, key_id),
    (day, account_id),
    (day, door, account_id),
    (day, door, account_id, key_id, model_id, model_name, provider_name)
)
"""  # noqa: S608
_MONTH = f"""
SELECT calendar_id, 2, told, %(month)s::date, door, account_id, key_id, model_id, model_name,
    provider_name, {_SUMS}
FROM usage_spanusage
WHERE calendar_id = %(calendar)s AND unit = 1 AND start >= %(month)s AND start < %(until)s
GROUP BY 1, 3, 5, 6, 7, 8, 9, 10
"""  # noqa: S608


def begin_of(day: dt.date) -> dt.datetime:
    """Return the first hour of UTC that begins in that day of `settings.TIME_ZONE`.

    In a zone whose offset is no whole hours an hour belongs to the day it begins in.
    """
    midnight = dt.datetime.combine(day, dt.time.min, timezone.get_default_timezone())
    begin = midnight.astimezone(dt.UTC)
    hour = begin.replace(minute=0, second=0, microsecond=0)
    return hour if hour == begin else hour + HOUR


def month_after(day: dt.date) -> dt.date:
    """Return the first day of the month that follows."""
    return (day.replace(day=1) + dt.timedelta(days=32)).replace(day=1)


@transaction.atomic
def add_up_days() -> int:
    """Add up the days that are over, a month's at most at a time; returns how many."""
    rolled = rolled_until()
    if rolled is None:
        return 0
    last = rolled.astimezone(timezone.get_default_timezone()).date()  # which is not over
    calendar = _locked(last)
    until = min(last, month_after(calendar.until))
    days = (until - calendar.until).days
    if days <= 0:
        Calendar.objects.exclude(pk=calendar.pk).delete()  # by now nobody reads these
        return 0
    _write(calendar, until)
    calendar.until = until
    calendar.save()
    return days


def _locked(last: dt.date) -> Calendar:
    """Return the calendar of the time zone; a new one begins with the first sums there are."""
    mine = Calendar.objects.filter(time_zone=settings.TIME_ZONE)
    if not mine.exists():
        first = HourlyUsage.objects.order_by("hour").values_list("hour", flat=True).first()
        zone = timezone.get_default_timezone()
        until = first.astimezone(zone).date() if first else last
        new = Calendar(time_zone=settings.TIME_ZONE, until=until)
        Calendar.objects.bulk_create([new], ignore_conflicts=True)
    return mine.select_for_update().get()


def _write(calendar: Calendar, until: dt.date) -> None:
    days = [calendar.until + n * DAY for n in range((until - calendar.until).days)]
    values: dict[str, Any] = {
        "calendar": calendar.pk,
        "first": days[0],
        "begins": [begin_of(day) for day in days],
        "since": begin_of(days[0]),
        "until": begin_of(until),
    }
    with connection.cursor() as cursor:
        cursor.execute(_INTO + _DAYS, values)
        if until.day == 1:
            month = days[-1].replace(day=1)
            cursor.execute(
                _INTO + _MONTH, {"calendar": calendar.pk, "month": month, "until": until}
            )
