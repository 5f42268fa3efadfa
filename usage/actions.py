"""Hold, settle, release: the three things that happen to a row of the ledger."""

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models.functions import Now

from accounts.models import User
from providers.models import Credential, ModelSpec
from providers.tokens import count
from providers.values import Prompt, Usage
from usage.models import Account, UsageRecord

# How much longer than its provider allows a call before its hold is given back.
HOLD_MARGIN = dt.timedelta(minutes=5)


@dataclass(frozen=True)
class Settlement:
    """What a call came to: token counts, and whether the provider reported them."""

    usage: Usage
    is_reported: bool
    outcome: str


def account_of(user: User) -> Account:
    """Return the person's account, made at its first use."""
    return Account.objects.get_or_create(user=user)[0]


def hold(
    account_id: UUID,
    door: str,
    spec: ModelSpec,
    prompt: Prompt,
    credential: Credential | None = None,
) -> UsageRecord:
    """Hold an upper bound of what `prompt` can cost: input counted, output capped.

    `credential` is the key that the call takes: its limits count these rows.
    """
    record = UsageRecord(
        account_id=account_id,
        door=door,
        model=spec,
        credential=credential,
        provider_name=spec.provider.name,
        model_name=spec.name,
        input_price=spec.input_price,
        cached_input_price=spec.cached_input_price,
        output_price=spec.output_price,
        held_input_tokens=sum(count(turn.text, spec) + 8 for turn in prompt.turns) + 8,
        held_output_tokens=prompt.max_tokens,
        lease_expires_at=Now() + dt.timedelta(seconds=spec.provider.total_seconds) + HOLD_MARGIN,
    )
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
        record.pk,
        state=UsageRecord.State.SETTLED,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cached_tokens=min(usage.cached_tokens, usage.input_tokens),
        reasoning_tokens=min(usage.reasoning_tokens, usage.output_tokens),
        is_reported=settlement.is_reported,
        cost=record.price(usage),
        outcome=settlement.outcome,
    )


def release(record: UsageRecord, outcome: str) -> bool:
    """Give a hold back: the call cost nothing. `False` where it was closed before."""
    return _close(record.pk, state=UsageRecord.State.RELEASED, outcome=outcome)


def _close(record_id: UUID, **values: Any) -> bool:
    held = UsageRecord.objects.filter(pk=record_id, state=UsageRecord.State.HELD)
    return bool(held.update(lease_expires_at=None, ended_at=Now(), **values))


def release_expired_holds() -> int:
    """Give back the holds of processes that died; returns how many."""
    return UsageRecord.objects.filter(
        state=UsageRecord.State.HELD, lease_expires_at__lt=Now()
    ).update(
        state=UsageRecord.State.RELEASED, outcome="expired", lease_expires_at=None, ended_at=Now()
    )
