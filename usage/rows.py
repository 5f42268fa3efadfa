"""Rows of the ledger, written many at a time by statements that are made once."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from ops.database.pipeline import Sent, send_each
from usage.models import UsageRecord
from usage.orders import Closing, Order

# How much longer than its provider allows a call before its hold is given back.
HOLD_MARGIN = dt.timedelta(minutes=5)

_CLOSE = """
UPDATE usage_usagerecord r
SET state = c.state, input_tokens = c.input, output_tokens = c.output,
    cached_tokens = c.cached, reasoning_tokens = c.reasoning, is_reported = c.is_reported,
    cost = c.cost, outcome = c.outcome, first_token_ms = c.first_token, latency_ms = c.latency,
    lease_expires_at = NULL, ended_at = statement_timestamp()
FROM unnest(
    %s::uuid[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bool[],
    %s::numeric[], %s::text[], %s::bigint[], %s::bigint[]
) AS c(id, state, input, output, cached, reasoning, is_reported,
       cost, outcome, first_token, latency)
WHERE r.id = c.id AND r.state = 'held'
RETURNING r.id, r.limits, r.created_at
"""
_GIVEN = (
    "id", "account_id", "door", "key_id", "model_id", "deployment_id", "credential_id",
    "provider_name", "model_name", "deployment_name",
    "input_price", "cached_input_price", "output_price",
    "held_input_tokens", "held_output_tokens", "held_cost", "limits",
)  # fmt: skip
_REST = {
    "state": "held",
    "outcome": "",
    "is_reported": False,
    "cached_tokens": 0,
    "reasoning_tokens": 0,
}
_INSERT = f"""
INSERT INTO usage_usagerecord ({", ".join([*_GIVEN, *_REST])}, lease_expires_at, created_at)
VALUES ({", ".join(["%s"] * len([*_GIVEN, *_REST]))},
        statement_timestamp() + %s, coalesce(%s, statement_timestamp()))
"""  # noqa: S608  (nothing but our own words)


def insert_rows(begun: Iterable[tuple[UsageRecord, Order]]) -> None:
    """Write holds that are not in the database yet; each begins now where it does not say when."""
    rest = list(_REST.values())
    rows: list[list[Any]] = []
    for record, order in begun:
        lease = order.lease
        if lease is None:
            lease = dt.timedelta(seconds=order.spec.provider.total_seconds) + HOLD_MARGIN
        given = [getattr(record, name) for name in _GIVEN]
        began_at = record.created_at if isinstance(record.created_at, dt.datetime) else None
        rows.append([*given, *rest, lease, began_at])
    send_each(_INSERT, rows)


class ClosedRows:
    """The rows of the ledger that are closed: those of `closings` that were held."""

    def __init__(self, closings: Sequence[Closing]) -> None:
        rows = [_values(closing) for closing in closings]
        self._sent = Sent(_CLOSE, [list(column) for column in zip(*rows, strict=True)])

    def found(self) -> dict[UUID, tuple[list[int], dt.datetime]]:
        """Return the limits of each, and when it began.

        The limits are as they are now: one that was set meanwhile counts the call too.
        """
        return {pk: (limits, began_at) for pk, limits, began_at in self._sent.rows()}


def _values(closing: Closing) -> tuple[Any, ...]:
    used, times = closing.usage, closing.times
    return (
        closing.record.pk,
        closing.state.value,
        used.input_tokens if used else None,
        used.output_tokens if used else None,
        min(used.cached_tokens, used.input_tokens) if used else 0,
        min(used.reasoning_tokens, used.output_tokens) if used else 0,
        closing.is_reported,
        closing.cost,
        closing.outcome,
        times.first_token,
        times.end,
    )
