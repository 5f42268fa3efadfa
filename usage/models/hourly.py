"""The ledger's sums by the hour, for whoever would have to add up millions of rows."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from usage.models.account import Account
from usage.models.summed import Summed, named


class HourlyUsage(Summed):
    """What the calls of one hour came to, for each account, key, door, model and deployment.

    Calls count in the hour they began in. An hour is added up once, when its last call has been
    closed (see `usage.rollups`): its rows never change after that.
    """

    hour = models.DateTimeField(_("hour"))
    account = models.ForeignKey(
        Account, models.PROTECT, related_name="hourly_usage", db_index=False
    )
    # As in the ledger: these ids stay when what they name is deleted.
    key = named("accounts.ApiKey")
    model = named("providers.ModelSpec")
    deployment = named("providers.ModelSpec")
    deployment_name = models.CharField(_("deployment"), max_length=200)

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
