"""The ledger's list: whatever it is narrowed by, a page reads a bounded number of rows.

One condition that an index leads to may look at all rows, newest first. Of several conditions only
the first is led to, and its rows are read until enough fit the others; there may be none among
millions. Then only the newest `MOST_ROWS` of the first are looked through, and the page says since
when.
"""

import datetime as dt
from typing import Any

from django.contrib.admin import ListFilter
from django.http import HttpRequest

from ops.admin import MOST_ROWS, UncountedList
from ops.filters import DayFilter, is_used
from usage.models import UsageRecord


class LedgerList(UncountedList):
    """`looked_since` is the begin of what was looked through; `None` where that was everything."""

    looked_since: dt.datetime | None = None

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> Any:
        rows = super().get_queryset(request, exclude_parameters)
        self.looked_since = self._bound(request)
        return rows.filter(created_at__gte=self.looked_since) if self.looked_since else rows

    def _bound(self, request: HttpRequest) -> dt.datetime | None:
        used = [spec for spec in self.filter_specs if is_used(spec)]
        rows: Any = UsageRecord.objects.all()
        for spec in used:
            if isinstance(spec, DayFilter):
                rows = spec.queryset(request, rows)
        rest = [spec for spec in used if not isinstance(spec, DayFilter)]
        led = [spec for spec in rest if spec.is_indexed]
        people = self.model_admin.owners(self.query)
        conditions = len(rest) + (people is not None)
        one_led = len(led) == 1 or (people is not None and len(people) == 1)
        if people == [] or conditions == 0 or (conditions == 1 and one_led):
            return None
        return _begin(request, rows, led, people)


def _begin(
    request: HttpRequest, rows: Any, led: list[ListFilter], people: list[Any] | None
) -> dt.datetime | None:
    if people and (len(people) == 1 or not led):
        return rows.begin_of_newest_by(people, MOST_ROWS)
    first: Any = led[0].queryset(request, rows) if led else rows
    return first.begin_of_newest(MOST_ROWS)
