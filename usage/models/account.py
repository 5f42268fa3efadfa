"""Who pays."""

import uuid
from dataclasses import dataclass

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Account(models.Model):
    """Who pays: a person, for what they ask themselves and by the keys they own.

    The row outlives the person, so that the ledger keeps its sums under a pseudonym. Its own sums
    are those of the hours that are added up: `usage.rollups` writes them with these, and adds what
    came since.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="account",
        verbose_name=_("person"),
    )
    calls = models.PositiveBigIntegerField(default=0, db_default=0, editable=False)
    input_tokens = models.PositiveBigIntegerField(default=0, db_default=0, editable=False)
    output_tokens = models.PositiveBigIntegerField(default=0, db_default=0, editable=False)
    cost = models.DecimalField(
        max_digits=20, decimal_places=10, default=0, db_default=0, editable=False
    )
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")

    def __str__(self) -> str:
        return str(self.user) if self.user_id else f"account {self.id}"


@dataclass(frozen=True, slots=True)
class Payer:
    """For whom a call is made: whose account pays, the person and the key that limits are for."""

    account_id: uuid.UUID
    user_id: uuid.UUID | None
    key_id: uuid.UUID | None = None
