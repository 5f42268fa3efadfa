"""Who pays, what they may spend, and the ledger of every call to a model."""

from usage.models.account import Account, Payer
from usage.models.hourly import HourlyUsage, RolledUp
from usage.models.limit import NEAR, Limit
from usage.models.record import UsageRecord
from usage.models.spans import Calendar, SpanUsage

__all__ = [
    "NEAR",
    "Account",
    "Calendar",
    "HourlyUsage",
    "Limit",
    "Payer",
    "RolledUp",
    "SpanUsage",
    "UsageRecord",
]
