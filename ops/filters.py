"""Filters of lists that may be millions of rows long."""

import datetime as dt
from typing import Any

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter, RangeDateFilter
from unfold.utils import parse_date_str

# Outside of these nothing ever was. At the ends of time no day can be added or taken off.
_FIRST, _LAST = dt.date(1900, 1, 1), dt.date(9000, 1, 1)
NEWEST = 1000  # rows whose values a filter offers


class DayFilter(RangeDateFilter):
    """From one day to another, both included, in the time zone of the pages."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        begin, end = self.moments()
        if begin:
            queryset = queryset.filter(**{f"{self.parameter_name}__gte": begin})
        if end:
            queryset = queryset.filter(**{f"{self.parameter_name}__lt": end})
        return queryset

    def moments(self) -> tuple[dt.datetime | None, dt.datetime | None]:
        """Return when the first day begins and the last one is over, as far as they were given."""
        name = self.parameter_name
        first = _day(self.used_parameters.get(f"{name}_from"))
        last = _day(self.used_parameters.get(f"{name}_to"))
        begin = _begin_of(first) if first else None
        return begin, _begin_of(last + dt.timedelta(days=1)) if last else None


class DoorFilter(DropdownFilter):
    """By door; the newest rows say which doors there are, so that the table is not read whole."""

    title = _("door")
    parameter_name = "door"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        model: type[Model] = model_admin.model
        newest = model._default_manager.order_by("-created_at", "-pk")
        doors = set(newest.values_list("door", flat=True)[:NEWEST])
        return [(door, door) for door in sorted(doors)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        door = (self.value() or "").replace("\x00", "")
        return queryset.filter(door=door) if door else queryset


def is_used(spec: Any) -> bool:
    """Say whether a list's filter narrows it."""
    return any(value not in ("", None, [], [""]) for value in spec.used_parameters.values())


def _day(text: Any) -> dt.date | None:
    day = parse_date_str(str(text or ""))
    return min(max(day, _FIRST), _LAST) if day else None


def _begin_of(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time.min))
