"""Ledgers that tests of their sums are made over."""

import datetime as dt
import random
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.utils import timezone

from usage.models import UsageRecord


def record(at: dt.datetime, **given: Any) -> UsageRecord:
    """Return a call that ended well, not saved; it is one by our own count unless told."""
    fields = {
        "door": "chat", "model_name": "M", "deployment_name": "d", "provider_name": "P",
        "state": "settled", "held_input_tokens": 9, "held_output_tokens": 9, "input_tokens": 1,
        "output_tokens": 2, "cost": Decimal("0.1"), "outcome": "stop", "created_at": at,
        "ended_at": at,
    }  # fmt: skip
    return UsageRecord(**fields | given)


def seeded(
    seed: int, times: Sequence[dt.datetime], calls: int, **choices: Sequence[Any]
) -> list[UsageRecord]:
    """Write down calls of all kinds, each at one of `times` and with one of each of `choices`."""
    dice = random.Random(seed)
    records = []
    for _ in range(calls):
        at = dice.choice(times)
        state = dice.choice(["settled"] * 3 + ["released"])
        given: dict[str, Any] = {
            "state": state, "outcome": dice.choice(["stop", "stopped", "connection", "length"]),
            "latency_ms": dice.choice([None, 7, 1900]), "first_token_ms": dice.choice([None, 3]),
            "input_tokens": None, "output_tokens": None, "cost": None,
        }  # fmt: skip
        if state == "settled":
            given |= {
                "input_tokens": dice.randrange(9), "output_tokens": dice.randrange(9),
                "cached_tokens": dice.randrange(5), "reasoning_tokens": dice.randrange(5),
                "is_reported": dice.choice([True, False]),
                "cost": dice.choice([None, Decimal(dice.randrange(10**9)) / 10**9]),
            }  # fmt: skip
        given |= {name: dice.choice(values) for name, values in choices.items()}
        records.append(record(at, **given))
    return UsageRecord.objects.bulk_create(records)


def held(account_id: Any, **given: Any) -> UsageRecord:
    """Write down a call that began just now and goes on."""
    now = timezone.now()
    open_call = record(
        now, account_id=account_id, state="held", input_tokens=None, output_tokens=None,
        cost=None, outcome="", ended_at=None, lease_expires_at=now + dt.timedelta(hours=1), **given,
    )  # fmt: skip
    open_call.save()
    return open_call
