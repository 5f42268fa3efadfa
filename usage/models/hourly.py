"""The ledger's sums by the hour, for whoever would have to add up millions of rows."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from usage.models.account import Account


def _named(model: str) -> models.ForeignKey:
    return models.ForeignKey(
        model, models.DO_NOTHING, null=True, related_name="+", db_constraint=False
    )


class HourlyUsage(models.Model):
    """What the calls of one hour came to, for each account, key, door, model and deployment.

    Calls count in the hour they began in. An hour is added up once, when its last call has been
    closed (see `usage.rollups`): its rows never change after that.
    """

    hour = models.DateTimeField(_("hour"))
    account = models.ForeignKey(
        Account, models.PROTECT, related_name="hourly_usage", db_index=False
    )
    # As in the ledger: these ids stay when what they name is deleted.
    key = _named("accounts.ApiKey")
    door = models.CharField(_("door"), max_length=20)
    model = _named("providers.ModelSpec")
    model_name = models.CharField(_("model"), max_length=200)
    deployment = _named("providers.ModelSpec")
    deployment_name = models.CharField(_("deployment"), max_length=200)
    provider_name = models.CharField(_("provider"), max_length=100)

    calls = models.PositiveIntegerField()
    errors = models.PositiveIntegerField()
    estimated = models.PositiveIntegerField()  # settled by our own count
    unpriced = models.PositiveIntegerField()  # settled without a known price
    input_tokens = models.PositiveBigIntegerField()
    cached_tokens = models.PositiveBigIntegerField()
    output_tokens = models.PositiveBigIntegerField()
    reasoning_tokens = models.PositiveBigIntegerField()
    cost = models.DecimalField(max_digits=20, decimal_places=10)  # US dollars
    # Sums in milliseconds over the calls that have such a time, and how many those are.
    latency_ms = models.PositiveBigIntegerField()
    timed = models.PositiveIntegerField()
    first_token_ms = models.PositiveBigIntegerField()
    first_tokens = models.PositiveIntegerField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["account", "hour"], name="usage_hourly_by_account"),
            models.Index(fields=["hour"], name="usage_hourly_by_hour"),
        ]

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H}:00 {self.model_name} ({self.door})"


class RolledUp(models.Model):
    """One row: up to which hour the ledger has been added up."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    until = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(id=1), name="usage_rolled_up_once"),
        ]

    def __str__(self) -> str:
        return f"until {self.until}"
