"""The ledger of every call to a model."""

import datetime as dt
import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Max, OuterRef, Q, Subquery, Value
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from providers.values import Usage
from usage.models.account import Account

# How a call ends well; every other outcome is an error. "stopped": the reader had enough.
WELL = (
    "stop", "length", "content_filter", "tool_calls",
    "stopped", "cancelled", "never_called", "handed_over",
)  # fmt: skip


class Word(Value):
    """A word of ours that stands in the statement itself.

    A connection that often asks the same settles for one plan that fits any value. Such a plan
    cannot use an index of the rows with one value: it looks for what is rare among all.
    """

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        assert str(self.value).isidentifier()
        return f"'{self.value}'", ()


class UsageRecordQuerySet(models.QuerySet["UsageRecord"]):
    def held(self) -> Self:
        return self.filter(state=Word("held"))

    def settled(self) -> Self:
        return self.filter(state=Word("settled"))

    def released(self) -> Self:
        return self.filter(state=Word("released"))

    def estimated(self) -> Self:
        """Return the calls that were settled by our own count."""
        return self.settled().filter(is_reported=False)

    def reported(self) -> Self:
        return self.settled().filter(is_reported=True)

    def failed(self) -> Self:
        """Return the calls that ended with an error."""
        ended = self.exclude(state=Word("held"))
        return ended.exclude(outcome__in=[Word(each) for each in WELL])

    def ended_well(self) -> Self:
        return self.filter(outcome__in=WELL)

    def begin_of_newest(self, number: int) -> dt.datetime | None:
        """Return when the `number`th newest of these began; `None` where there are fewer."""
        newest = self.order_by("-created_at").values_list("created_at", flat=True)
        return newest[number - 1 : number].first()

    def begin_of_newest_by(self, accounts: Sequence[uuid.UUID], number: int) -> dt.datetime | None:
        """Return a time since which these accounts have about `number` of these rows, or fewer.

        `None` where they have no more in all. None of them is read further back than its part.
        """
        part = -(-number // len(accounts))
        own = self.filter(account=OuterRef("pk")).order_by("-created_at").values("created_at")
        begins = Account.objects.filter(pk__in=accounts).annotate(
            begin=Subquery(own[part - 1 : part])
        )
        return begins.aggregate(latest=Max("begin"))["latest"]


def _price(name: Any) -> models.DecimalField:
    return models.DecimalField(name, max_digits=14, decimal_places=6, null=True)


class UsageRecord(models.Model):
    """One call to a model: held before it is made, settled or released after it ended.

    `model` is the one that was asked for, `deployment` the one that was called in its name. Token
    counts are tokens; prices are per million tokens, in US dollars, as they were when the call was
    made; `null` prices and costs mean that nobody told us a price. Times are milliseconds since
    the call began. The database refuses to change or delete a row once it is closed: the ids of
    its key, model, deployment and credential stay when those are deleted, and lead nowhere then.
    """

    class State(models.TextChoices):
        HELD = "held", _("held")
        SETTLED = "settled", _("settled")
        RELEASED = "released", _("released")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(
        Account,
        on_delete=models.PROTECT,
        related_name="usage",
        verbose_name=_("account"),
        db_index=False,
    )
    door = models.CharField(_("door"), max_length=20)
    key = models.ForeignKey(
        "accounts.ApiKey",
        null=True,
        on_delete=models.DO_NOTHING,
        related_name="+",
        verbose_name=_("API key"),
        db_index=False,
        db_constraint=False,
    )
    model = models.ForeignKey(
        "providers.ModelSpec",
        null=True,
        on_delete=models.DO_NOTHING,
        related_name="usage",
        verbose_name=_("model"),
        db_index=False,
        db_constraint=False,
    )
    deployment = models.ForeignKey(
        "providers.ModelSpec",
        null=True,
        on_delete=models.DO_NOTHING,
        related_name="+",
        verbose_name=_("deployment"),
        db_index=False,
        db_constraint=False,
    )
    credential = models.ForeignKey(
        "providers.Credential",
        null=True,
        on_delete=models.DO_NOTHING,
        related_name="+",
        verbose_name=_("provider key"),
        db_index=False,
        db_constraint=False,
    )
    provider_name = models.CharField(_("provider"), max_length=100)
    model_name = models.CharField(_("model"), max_length=200, default="")
    deployment_name = models.CharField(_("deployment"), max_length=200)
    input_price = _price(_("price of input"))
    cached_input_price = _price(_("price of cached input"))
    output_price = _price(_("price of output"))

    state = models.CharField(_("state"), max_length=10, choices=State, default=State.HELD)
    held_input_tokens = models.PositiveIntegerField(_("input tokens at most"))
    held_output_tokens = models.PositiveIntegerField(_("output tokens at most"))
    held_cost = models.DecimalField(max_digits=20, decimal_places=10, null=True)
    # The limits that this call counts against: what it holds there is given back at its end.
    limits = ArrayField(models.BigIntegerField(), default=list)
    lease_expires_at = models.DateTimeField(_("given back, unless renewed"), null=True)
    input_tokens = models.PositiveIntegerField(_("input tokens"), null=True)
    output_tokens = models.PositiveIntegerField(_("output tokens"), null=True)
    cached_tokens = models.PositiveIntegerField(_("cached tokens"), default=0)
    reasoning_tokens = models.PositiveIntegerField(_("reasoning tokens"), default=0)
    is_reported = models.BooleanField(
        _("reported by the provider"), default=False, help_text=_("Otherwise it is an estimate.")
    )
    cost = models.DecimalField(_("cost"), max_digits=20, decimal_places=10, null=True)
    outcome = models.CharField(_("outcome"), max_length=40, blank=True)
    first_token_ms = models.PositiveIntegerField(_("first token"), null=True)
    latency_ms = models.PositiveIntegerField(_("duration"), null=True)
    created_at = models.DateTimeField(_("begun"), db_default=Now(), editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True)

    # Not kept: how the limits stood when it was held, as a program is told.
    limit_headers: dict[str, str] = {}

    objects = UsageRecordQuerySet.as_manager()

    class Meta:
        verbose_name = _("usage record")
        verbose_name_plural = _("usage records")
        indexes: ClassVar = [
            models.Index(fields=["account", "-created_at"], name="usage_by_account"),
            models.Index(fields=["model", "-created_at"], name="usage_by_model"),
            models.Index(fields=["deployment", "-created_at"], name="usage_by_deployment"),
            models.Index(fields=["door", "-created_at"], name="usage_by_door"),
            models.Index(
                fields=["key", "-created_at"], condition=Q(key__isnull=False), name="usage_by_key"
            ),
            # What is rare among the newest is not looked for among all.
            models.Index(
                fields=["-created_at", "-id"], condition=Q(state="held"), name="usage_newest_held"
            ),
            models.Index(
                fields=["-created_at", "-id"],
                condition=Q(state="released"),
                name="usage_newest_released",
            ),
            models.Index(
                fields=["-created_at", "-id"],
                condition=Q(state="settled", is_reported=False),
                name="usage_newest_estimated",
            ),
            models.Index(
                fields=["-created_at", "-id"],
                condition=~Q(state="held") & ~Q(outcome__in=WELL),
                name="usage_newest_failed",
            ),
            models.Index(fields=["-created_at", "-id"], name="usage_newest_first"),
            models.Index(
                fields=["credential", "-created_at"],
                condition=Q(credential__isnull=False),
                name="usage_by_credential",
            ),
            models.Index(
                fields=["lease_expires_at"], condition=Q(state="held"), name="usage_open_holds"
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state="held", lease_expires_at__isnull=False, ended_at__isnull=True)
                | Q(
                    state__in=["settled", "released"],
                    lease_expires_at__isnull=True,
                    ended_at__isnull=False,
                ),
                name="usage_held_has_a_lease",
            ),
            models.CheckConstraint(
                condition=~Q(state="settled")
                | Q(input_tokens__isnull=False, output_tokens__isnull=False),
                name="usage_settled_is_counted",
            ),
            models.CheckConstraint(
                condition=~Q(state="settled", is_reported=False)
                | Q(
                    input_tokens__lte=models.F("held_input_tokens"),
                    output_tokens__lte=models.F("held_output_tokens"),
                ),
                name="usage_estimate_within_hold",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.deployment_name} ({self.state})"

    def price(self, usage: Usage) -> Decimal | None:
        """Return the cost of `usage` in US dollars, or `None` where no price is known.

        Cached input costs its own price where one is known, else that of other input. What writes
        nothing needs no price of output.
        """
        if self.input_price is None or (usage.output_tokens and self.output_price is None):
            return None
        cached_price = (
            self.input_price if self.cached_input_price is None else self.cached_input_price
        )
        cost = (
            (usage.input_tokens - usage.cached_tokens) * self.input_price
            + usage.cached_tokens * cached_price
            + usage.output_tokens * (self.output_price or 0)
        )
        return cost / 1_000_000
