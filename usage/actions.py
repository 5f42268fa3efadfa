"""Hold, settle, release: the three things that happen to a row of the ledger."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now

from accounts.models import ApiKey, User
from providers.models import Credential, ModelSpec
from providers.tokens import input_bound
from providers.values import Prompt, Usage, Wire
from usage.limits import give_back, take
from usage.models import Account, Payer, UsageRecord

# How much longer than its provider allows a call before its hold is given back.
HOLD_MARGIN = dt.timedelta(minutes=5)
EXPIRED_AT_ONCE = 500

_CLOSE = """
UPDATE usage_usagerecord
SET state = %(state)s, input_tokens = %(input)s, output_tokens = %(output)s,
    cached_tokens = %(cached)s, reasoning_tokens = %(reasoning)s, is_reported = %(is_reported)s,
    cost = %(cost)s, outcome = %(outcome)s, first_token_ms = %(first_token_ms)s,
    latency_ms = %(latency_ms)s, lease_expires_at = NULL, ended_at = statement_timestamp()
WHERE id = %(id)s AND state = 'held'
RETURNING limits, created_at
"""


@dataclass(frozen=True)
class Times:
    """Milliseconds from a call's begin; `None` where nobody measured, or nothing came."""

    first_token: int | None = None
    end: int | None = None


@dataclass(frozen=True)
class Settlement:
    """What a call came to: token counts, and whether the provider reported them.

    Without `is_priced` they do not tell the cost.
    """

    usage: Usage
    is_reported: bool
    outcome: str
    times: Times = Times()
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

    `model` is the one that was asked, where `spec` answers in its name; `credential` is the key
    that the call takes: its limits count these rows. The output that the limits allow may be less
    than was asked: see `held_output_tokens`. Raises `LimitReached`.
    """
    model = model or spec
    input_tokens = input_bound(ask, spec)
    share = take(payer, model.pk, spec, ask, input_tokens)
    record = UsageRecord(
        account_id=payer.account_id,
        key_id=payer.key_id,
        door=door,
        model=model,
        deployment=spec,
        credential=credential,
        provider_name=spec.provider.name,
        model_name=model.label,
        deployment_name=spec.name,
        input_price=spec.input_price,
        cached_input_price=spec.cached_input_price,
        output_price=spec.output_price,
        held_input_tokens=input_tokens,
        held_output_tokens=share.max_tokens,
        held_cost=share.cost,
        limits=share.limits,
        lease_expires_at=Now() + dt.timedelta(seconds=spec.provider.total_seconds) + HOLD_MARGIN,
    )
    if share.began_at is not None:
        record.created_at = share.began_at
    record.save(force_insert=True)
    return record


def settle(record: UsageRecord, settlement: Settlement) -> bool:
    """Close a hold with what the call came to; `False` where it was closed before.

    An estimate is cut to the hold; a reported count is written as the provider gave it.
    """
    usage = settlement.usage
    if not settlement.is_reported:
        usage = Usage(
            min(usage.input_tokens, record.held_input_tokens),
            min(usage.output_tokens, record.held_output_tokens),
        )
    return _close(
        record,
        UsageRecord.State.SETTLED,
        settlement.outcome,
        settlement.times,
        usage,
        is_reported=settlement.is_reported,
        cost=record.price(usage) if settlement.is_priced else None,
    )


def release(record: UsageRecord, outcome: str, times: Times = Times()) -> bool:
    """Give a hold back: the call cost nothing. `False` where it was closed before."""
    return _close(record, UsageRecord.State.RELEASED, outcome, times)


def _close(
    record: UsageRecord,
    state: UsageRecord.State,
    outcome: str,
    times: Times,
    usage: Usage | None = None,
    *,
    is_reported: bool = False,
    cost: Decimal | None = None,
) -> bool:
    values: dict[str, Any] = {
        "id": record.pk,
        "state": state,
        "input": usage.input_tokens if usage else None,
        "output": usage.output_tokens if usage else None,
        "cached": min(usage.cached_tokens, usage.input_tokens) if usage else 0,
        "reasoning": min(usage.reasoning_tokens, usage.output_tokens) if usage else 0,
        "is_reported": is_reported,
        "cost": cost,
        "outcome": outcome,
        "first_token_ms": times.first_token,
        "latency_ms": times.end,
    }
    with transaction.atomic(savepoint=False):
        with connection.cursor() as cursor:
            cursor.execute(_CLOSE, values)
            closed = cursor.fetchone()
        if closed is None:
            return False
        limits, began_at = closed  # read anew: a limit that was set meanwhile counts the call too
        if limits:
            used = usage.input_tokens + usage.output_tokens if usage else 0
            give_back(
                limits,
                began_at,
                held_cost=record.held_cost or Decimal(0),
                cost=cost or Decimal(0),
                more_tokens=used - record.held_input_tokens - record.held_output_tokens,
            )
    return True


def release_expired_holds() -> int:
    """Give back the holds of processes that died; returns how many."""
    expired = UsageRecord.objects.filter(
        state=UsageRecord.State.HELD, lease_expires_at__lt=Now()
    ).order_by("lease_expires_at")
    return sum(release(record, "expired") for record in expired[:EXPIRED_AT_ONCE])
