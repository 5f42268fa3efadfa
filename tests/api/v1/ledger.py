"""The ledger as it is once calls are closed: a moment after a program has its answer."""

import time

from usage.models import UsageRecord


def settle_down(seconds: float = 4.0) -> bool:
    """Wait until no row is held any more; say whether that came to pass."""
    end = time.monotonic() + seconds
    while UsageRecord.objects.filter(state=UsageRecord.State.HELD).exists():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def records() -> list[UsageRecord]:
    """Return all rows, oldest first, when none is held any more."""
    assert settle_down(), "a call was not closed"
    return list(UsageRecord.objects.order_by("created_at"))


def record() -> UsageRecord:
    """Return the only row."""
    (found,) = records()
    return found
