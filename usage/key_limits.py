"""The own limits of a provider's key: calls at once and calls a minute, exact across processes."""

import datetime as dt

from django.db import transaction
from django.db.models import ExpressionWrapper, F
from django.db.models.fields import DurationField
from django.db.models.functions import Now

from providers.models import Credential
from usage.models import UsageRecord

_MINUTE = dt.timedelta(minutes=1)
_NEXT_LOOK = 1.0  # seconds: nobody knows when a call will end


class _Full(Exception):
    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


def seconds_until_free(credential: Credential) -> float:
    """Return 0 where the key may be used now, else in how many seconds to ask again.

    Joins the transaction that writes the hold. A key that may be used stays locked until that is
    committed, so that the next to ask counts it; one that may not is let go at once: nobody holds
    one key while waiting for another.
    """
    if not credential.is_limited:
        return 0.0
    try:
        with transaction.atomic():
            _check(credential)
    except _Full as full:
        return full.seconds
    return 0.0


def _check(credential: Credential) -> None:
    """Lock the key and count its calls by the limits it has now. Raises `_Full`."""
    # What the ledger's foreign key locks meanwhile does not get in the way of NO KEY.
    row = Credential.objects.select_for_update(no_key=True).filter(pk=credential.pk)
    for at_once, a_minute in row.values_list("max_streams", "requests_per_minute"):
        if at_once is not None and _open_calls(credential) >= at_once:
            raise _Full(_NEXT_LOOK)
        if a_minute is not None and (wait := _until_a_minute_passed(credential, a_minute)):
            raise _Full(wait)


def _open_calls(credential: Credential) -> int:
    held = UsageRecord.objects.filter(state=UsageRecord.State.HELD, credential=credential)
    return held.count()


def _until_a_minute_passed(credential: Credential, calls: int) -> float:
    """Return in how many seconds the last of the newest `calls` calls is a minute old."""
    left = ExpressionWrapper(F("created_at") + _MINUTE - Now(), output_field=DurationField())
    recent = UsageRecord.objects.filter(credential=credential, created_at__gt=Now() - _MINUTE)
    waits = recent.order_by("-created_at").values_list(left, flat=True)[calls - 1 : calls]
    return max((wait.total_seconds() for wait in waits), default=0.0)
