"""What is asked of the ledger: calls to begin, and what others came to."""

import datetime as dt
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from providers.models import Credential, ModelSpec
from providers.values import Prompt, Usage, Wire
from usage.models import Payer, UsageRecord

SMALLEST = Decimal("1e-10")  # US dollars: what the ledger's columns tell apart


@dataclass(frozen=True)
class Order:
    """A call to begin: `spec` answers, for `model` where that is another one.

    `credential` is the key that the call takes: its limits count the rows of the ledger. `rights`
    is the version of the rights at which the payer was known to be allowed, if that is asked. The
    hold of a process that renews its leases has a short `lease`; others have what a call may take.
    """

    payer: Payer
    door: str
    spec: ModelSpec
    ask: Prompt | Wire
    model: ModelSpec | None = None
    credential: Credential | None = None
    rights: int | None = None
    lease: dt.timedelta | None = None

    @property
    def asked(self) -> ModelSpec:
        return self.model or self.spec


@dataclass(frozen=True)
class Share:
    """What a call took of the limits: how long its answer may be, and what is to be given back.

    `cost` is an upper bound in US dollars, `None` where the model has no price; `began_at` is the
    moment that the limits counted it in, `None` where none applies. `headers` say how they stand.
    """

    max_tokens: int
    cost: Decimal | None
    limits: list[int] = field(default_factory=list)
    began_at: dt.datetime | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Times:
    """Milliseconds from a call's begin; `None` where nobody measured, or nothing came."""

    first_token: int | None = None
    end: int | None = None


UNMEASURED = Times()


@dataclass(frozen=True)
class Closing:
    """How a row of the ledger is closed; without `usage` the call cost nothing.

    Without `is_priced` the tokens do not tell the cost.
    """

    record: UsageRecord
    outcome: str
    times: Times = UNMEASURED
    usage: Usage | None = None
    is_reported: bool = False
    is_priced: bool = True

    @property
    def state(self) -> UsageRecord.State:
        State = UsageRecord.State
        return State.RELEASED if self.usage is None else State.SETTLED

    @property
    def cost(self) -> Decimal | None:
        """Return it in US dollars as the database keeps it, so that sums of it are its sums."""
        exact = None if self.usage is None else self.record.price(self.usage)
        if exact is None or not self.is_priced:
            return None
        return exact.quantize(SMALLEST, ROUND_HALF_UP)
