"""Who pays, what they may spend, and the ledger of every call to a model."""

from usage.models.account import Account, Payer
from usage.models.hourly import HourlyUsage, RolledUp
from usage.models.limit import Limit
from usage.models.record import UsageRecord

__all__ = ["Account", "HourlyUsage", "Limit", "Payer", "RolledUp", "UsageRecord"]
