"""Hold, settle, release: the three things that happen to a row of the ledger."""

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db import connection, transaction
from django.db.models.functions import Now

from accounts.models import ApiKey, User
from accounts.rights import VERSION, RightsChanged
from ops.database.pipeline import Sent, pipelined
from providers.errors import LimitReached
from providers.models import Credential, ModelSpec
from providers.tokens import input_bound
from providers.values import Prompt, Usage, Wire
from usage.limits import BOOKS
from usage.locked import LockedLimits
from usage.models import Account, Payer, UsageRecord
from usage.orders import UNMEASURED, Closing, Order, Share, Times
from usage.rows import ClosedRows, insert_rows

EXPIRED_AT_ONCE = 500
# No first limit is set until the transaction ends; one that is just being set is waited for.
_KEEP_BOOKS = f"SELECT pg_advisory_xact_lock_shared(%s), ({VERSION})"


@dataclass(frozen=True)
class Settlement:
    """What a call came to: token counts, and whether the provider reported them.

    Without `is_priced` they do not tell the cost.
    """

    usage: Usage
    is_reported: bool
    outcome: str
    times: Times = UNMEASURED
    is_priced: bool = True


def account_of(user: User) -> Account:
    """Return the person's account, made at its first use."""
    return Account.objects.get_or_create(user=user)[0]


def payer_of(user: User, key: ApiKey | None = None) -> Payer:
    """Return who pays for what `user` asks: themselves, by a key of theirs where it was one."""
    return Payer(account_of(user).pk, user.pk, key.pk if key else None)


def hold(
    payer: Payer,
    door: str,
    spec: ModelSpec,
    ask: Prompt | Wire,
    credential: Credential | None = None,
    model: ModelSpec | None = None,
) -> UsageRecord:
    """Hold an upper bound of what `ask` can cost: input counted, output capped.

    The output that the limits allow may be less than was asked: see `held_output_tokens`. Raises
    `LimitReached`.
    """
    with transaction.atomic(savepoint=False):
        found = write([], [Order(payer, door, spec, ask, model, credential)]).begun[0]
    if isinstance(found, Exception):
        raise found
    return found


def settle(record: UsageRecord, settlement: Settlement) -> bool:
    """Close a hold with what the call came to; `False` where it was closed before.

    An estimate is cut to the hold; a reported count is written as the provider gave it.
    """
    return _close(settled(record, settlement))


def settled(record: UsageRecord, settlement: Settlement) -> Closing:
    usage = settlement.usage
    if not settlement.is_reported:
        usage = Usage(
            min(usage.input_tokens, record.held_input_tokens),
            min(usage.output_tokens, record.held_output_tokens),
        )
    return Closing(
        record,
        settlement.outcome,
        settlement.times,
        usage,
        is_reported=settlement.is_reported,
        is_priced=settlement.is_priced,
    )


def release(record: UsageRecord, outcome: str, times: Times = UNMEASURED) -> bool:
    """Give a hold back: the call cost nothing. `False` where it was closed before."""
    return _close(Closing(record, outcome, times))


def _close(closing: Closing) -> bool:
    with transaction.atomic(savepoint=False):
        return bool(write([closing], []).closed)


@dataclass(frozen=True)
class Written:
    """The ids of the rows that were closed now; for each order its row, or why there is none."""

    closed: Collection[UUID]
    begun: list[UsageRecord | LimitReached | RightsChanged]


def write(closings: Sequence[Closing], orders: Sequence[Order]) -> Written:
    """Close rows of the ledger, then begin others, one after the other.

    Joins a transaction, as the last thing that it does: what this locks, many others wait for.
    """
    # Not while others wait for the locks: a long text takes a while, and the first one far longer.
    sizes = [input_bound(order.ask, order.spec) for order in orders]
    with pipelined():
        opened = Sent(_KEEP_BOOKS, [BOOKS]) if orders or len(closings) > 1 else None
        rows = ClosedRows(closings) if closings else None
        limits = LockedLimits(orders, [closing.record.pk for closing in closings])
        rights = opened.rows()[0][1] if opened else None
        closed = rows.found() if rows else {}
        limits.wait()
    for closing in closings:
        if closing.record.pk in closed:
            _give_back(limits, closing, *closed[closing.record.pk])
    begun = list(_begin(limits, orders, sizes, rights or 0))
    limits.save()
    rows_of = zip(begun, orders, strict=True)
    insert_rows((row, order) for row, order in rows_of if isinstance(row, UsageRecord))
    return Written(closed, begun)


def _give_back(
    limits: LockedLimits, closing: Closing, ids: list[int], began_at: dt.datetime
) -> None:
    record, usage = closing.record, closing.usage
    used = usage.input_tokens + usage.output_tokens if usage else 0
    limits.give_back(
        ids,
        began_at,
        held_cost=record.held_cost or Decimal(0),
        cost=closing.cost or Decimal(0),
        more_tokens=used - record.held_input_tokens - record.held_output_tokens,
    )


def _begin(
    limits: LockedLimits, orders: Sequence[Order], sizes: Sequence[int], rights: int
) -> Iterator[UsageRecord | LimitReached | RightsChanged]:
    for place, (order, input_tokens) in enumerate(zip(orders, sizes, strict=True)):
        if order.rights not in (None, rights):
            yield RightsChanged()
            continue
        try:
            share = limits.take(place, order, input_tokens)
        except LimitReached as refused:
            yield refused
        else:
            yield _row(order, input_tokens, share)


def _row(order: Order, input_tokens: int, share: Share) -> UsageRecord:
    spec = order.spec
    record = UsageRecord(
        account_id=order.payer.account_id,
        key_id=order.payer.key_id,
        door=order.door,
        model=order.asked,
        deployment=spec,
        credential=order.credential,
        provider_name=spec.provider.name,
        model_name=order.asked.label,
        deployment_name=spec.name,
        input_price=spec.input_price,
        cached_input_price=spec.cached_input_price,
        output_price=spec.output_price,
        held_input_tokens=input_tokens,
        held_output_tokens=share.max_tokens,
        held_cost=share.cost,
        limits=share.limits,
    )
    if share.began_at is not None:
        record.created_at = share.began_at
    record.limit_headers = share.headers
    return record


@transaction.atomic
def renew_holds(ids: Collection[UUID], lease: dt.timedelta) -> None:
    """Say that their calls go on. A new limit, which marks the same rows, is waited for first."""
    with connection.cursor() as cursor:
        cursor.execute(_KEEP_BOOKS, [BOOKS])
    held = UsageRecord.objects.filter(pk__in=ids, state=UsageRecord.State.HELD)
    held.update(lease_expires_at=Now() + lease)


def release_expired_holds() -> int:
    """Give back the holds of processes that died; returns how many."""
    expired = UsageRecord.objects.filter(
        state=UsageRecord.State.HELD, lease_expires_at__lt=Now()
    ).order_by("lease_expires_at")
    return sum(release(record, "expired") for record in expired[:EXPIRED_AT_ONCE])
