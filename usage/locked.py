"""Limits whose rows are locked: what calls take of them at their begin, and give back at their end.

Each limit is one row with its counters. Whoever begins or ends calls locks the rows that apply, in
the order of their ids and as the last thing before the commit, looks, and writes: of many that
want the last cent in the same moment, however many processes they come from, as many pass as it
pays for. Several calls of one process share a transaction, one after the other.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Sequence
from decimal import Decimal
from uuid import UUID

from django.db import connection

from accounts.models import Team
from ops.database.pipeline import Sent, send_each
from usage.fitting import cost_of, fit, headers_of
from usage.models import Limit
from usage.orders import Order, Share
from usage.standing import MINUTE, Moment, Standing

_MEMBERS = Team.members.through._meta.db_table
_COLUMNS = [field.attname for field in Limit._meta.concrete_fields]
_FIELDS = ", ".join(str(field.column) for field in Limit._meta.concrete_fields)
_LOCK = f"""
WITH asked AS MATERIALIZED (
    SELECT * FROM unnest(%(users)s::uuid[], %(keys)s::uuid[], %(models)s::uuid[])
        WITH ORDINALITY AS each(user_id, key_id, model_id, place)
),
applying AS MATERIALIZED (
    SELECT l.id, place FROM asked JOIN usage_limit l ON l.user_id = asked.user_id
    UNION ALL SELECT l.id, place FROM asked JOIN usage_limit l ON l.key_id = asked.key_id
    UNION ALL SELECT l.id, place FROM asked JOIN usage_limit l ON l.model_id = asked.model_id
    UNION ALL SELECT l.id, place FROM asked JOIN {_MEMBERS} m ON m.user_id = asked.user_id
        JOIN usage_limit l ON l.team_id = m.team_id
    UNION ALL SELECT unnest(limits), NULL FROM usage_usagerecord WHERE id = ANY(%(closed)s::uuid[])
),
locked AS MATERIALIZED (
    SELECT * FROM usage_limit l
    WHERE id = ANY(ARRAY(SELECT id FROM applying)) ORDER BY id FOR NO KEY UPDATE
)
SELECT clock_timestamp(),
       ARRAY(SELECT place FROM applying a WHERE a.id = locked.id AND place IS NOT NULL), {_FIELDS}
FROM locked
"""  # noqa: S608  (nothing but our own words)
_WRITE = """
UPDATE usage_limit SET open_calls = %s, held = %s, day = %s, day_spent = %s, day_warned = %s,
    month = %s, month_spent = %s, month_warned = %s, total_spent = %s,
    seconds = %s, requests = %s, tokens = %s
WHERE id = %s
"""


class LockedLimits:
    """The limits that apply to `orders`, and those of rows that are `closed` in this transaction.

    They are locked until it ends; `save` writes what was taken and given back.
    """

    def __init__(self, orders: Sequence[Order], closed: Collection[UUID] = ()) -> None:
        payers = [order.payer for order in orders]
        values = {
            "users": [payer.user_id for payer in payers],
            "keys": [payer.key_id for payer in payers],
            "models": [order.asked.pk for order in orders],
            "closed": list(closed),
        }
        self._sent = Sent(_LOCK, values)
        self._by_id: dict[int, Limit] = {}
        self._of: dict[int, list[Limit]] = defaultdict(list)
        self._changed: dict[int, Limit] = {}
        self._at: Moment | None = None

    def wait(self) -> None:
        """Wait for the locks. Then it is the time by the clock after the last of them."""
        rows = self._sent.rows()
        for _, places, *fields in rows:
            limit = Limit.from_db(connection.alias, _COLUMNS, fields)
            self._by_id[limit.pk] = limit
            for place in places:
                self._of[place - 1].append(limit)
        self._at = Moment(max(now for now, *_ in rows)) if rows else None

    def take(self, place: int, order: Order, input_tokens: int) -> Share:
        """Take what the order at `place` can come to. Raises `LimitReached`: then nothing is."""
        limits = self._of.get(place, [])
        if not limits or self._at is None:
            output = fit([], order.spec, order.ask, input_tokens)
            return Share(output, cost_of(order.spec, input_tokens, output))
        found = [Standing(limit, self._at) for limit in limits]
        output = fit(found, order.spec, order.ask, input_tokens)
        cost = cost_of(order.spec, input_tokens, output)
        for limit in limits:
            _take(limit, self._at.second, cost or Decimal(0), input_tokens + output)
            self._changed[limit.pk] = limit
        ids = [limit.pk for limit in limits]
        return Share(output, cost, ids, self._at.time, headers_of(found))

    def give_back(
        self,
        ids: Sequence[int],
        began_at: dt.datetime,
        *,
        held_cost: Decimal,
        cost: Decimal,
        more_tokens: int,
    ) -> None:
        """Give back a hold and note what it came to.

        `more_tokens` is how many the call used beyond its hold: seldom positive. A limit that was
        deleted meanwhile is passed over.
        """
        began = Moment(began_at)
        for limit in (self._by_id[pk] for pk in ids if pk in self._by_id):
            limit.open_calls -= 1
            limit.held -= held_cost
            _spend(limit, began, cost)
            if began.second in limit.seconds:
                place = limit.seconds.index(began.second)
                limit.tokens[place] = max(limit.tokens[place] + more_tokens, 0)
            self._changed[limit.pk] = limit

    def save(self) -> None:
        rows = [
            (
                limit.open_calls, limit.held, limit.day, limit.day_spent, limit.day_warned,
                limit.month, limit.month_spent, limit.month_warned, limit.total_spent,
                limit.seconds, limit.requests, limit.tokens, limit.pk,
            )
            for limit in self._changed.values()
        ]  # fmt: skip
        send_each(_WRITE, rows)


def _take(limit: Limit, second: int, cost: Decimal, tokens: int) -> None:
    limit.open_calls += 1
    limit.held += cost
    counts = {
        each: (calls, size)
        for each, calls, size in zip(limit.seconds, limit.requests, limit.tokens, strict=True)
        if each >= second - MINUTE
    }
    calls, size = counts.get(second, (0, 0))
    counts[second] = (calls + 1, size + tokens)
    kept = sorted(counts.items())
    limit.seconds = [each for each, _ in kept]
    limit.requests = [calls for _, (calls, _) in kept]
    limit.tokens = [size for _, (_, size) in kept]


def _spend(limit: Limit, began: Moment, cost: Decimal) -> None:
    """Count `cost` in the windows that the call began in; a later window begins anew."""
    if limit.day < began.day:
        limit.day, limit.day_spent, limit.day_warned = began.day, Decimal(0), 0
    if limit.day == began.day:
        limit.day_spent += cost
    if limit.month < began.month:
        limit.month, limit.month_spent, limit.month_warned = began.month, Decimal(0), 0
    if limit.month == began.month:
        limit.month_spent += cost
    limit.total_spent += cost
