"""The ledger's sums by the day and the month, of which a page of a year reads few thousand."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from usage.models.summed import Summed, named


class Calendar(models.Model):
    """The days of one time zone, and up to which of them sums are there.

    There is one row, except while another time zone is set and its days are being added up.
    """

    id = models.SmallAutoField(primary_key=True)
    time_zone = models.CharField(max_length=64, unique=True)
    until = models.DateField()  # the first day that is not added up

    def __str__(self) -> str:
        return f"{self.time_zone} until {self.until}"


class SpanUsage(Summed):
    """What the calls of one day or month came to, for those that have some columns in common.

    Each call counts in a row of each kind, so that a reader takes the kind of the fewest rows that
    has the columns it asks for; what a kind does not tell apart is null or empty. `EVERY` has all
    and is read for one person, key or model, never for a whole house. Rows are written once, by
    `usage.days`.
    """

    class Unit(models.IntegerChoices):
        DAY = 1
        MONTH = 2

    class Told(models.IntegerChoices):
        """What rows tell apart, the fewest rows first."""

        PROVIDER = 1  # door, provider
        MODEL = 2  # door, provider, model
        KEY = 3  # door, key
        PERSON = 4
        DOOR = 5  # door, person
        EVERY = 6

    calendar = models.ForeignKey(Calendar, models.CASCADE, db_index=False)
    unit = models.PositiveSmallIntegerField(choices=Unit)
    told = models.PositiveSmallIntegerField(choices=Told)
    start = models.DateField()
    account = named("usage.Account", db_index=False)
    key = named("accounts.ApiKey", db_index=False)
    model = named("providers.ModelSpec", db_index=False)

    class Meta:
        # 6 is `Told.EVERY`, which cannot be named in here.
        indexes: ClassVar = [
            models.Index(
                fields=["calendar", "told", "unit", "start"],
                name="usage_span_by_start",
            ),
            models.Index(
                fields=["account", "told", "unit", "start"],
                condition=Q(account__isnull=False),
                name="usage_span_by_account",
            ),
            models.Index(
                fields=["key", "told", "unit", "start"],
                condition=Q(key__isnull=False),
                name="usage_span_by_key",
            ),
            models.Index(
                fields=["model", "unit", "start"],
                condition=Q(told=6),
                name="usage_span_by_model",
            ),
            models.Index(
                fields=["provider_name", "unit", "start"],
                condition=Q(told=6),
                name="usage_span_by_provider",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.start} {self.get_unit_display()} {self.model_name} ({self.door})"
