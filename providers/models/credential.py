"""A provider's keys."""

import math
import uuid
from functools import reduce
from operator import or_
from typing import Self

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from boundary.encryption import EncryptedTextField
from providers.models.provider import Provider
from providers.models.resting import Resting

ERASED = "erased"  # in the place of an origin: no key goes there


class CredentialQuerySet(models.QuerySet["Credential"]):
    def usable(self, *providers: Provider) -> Self:
        """Return the keys that may go to a provider's present origin, resting ones included."""
        here = [Q(provider=provider, origin=provider.origin()) for provider in providers]
        alive = Q(retires_at=None) | Q(retires_at__gt=Now())
        return self.filter(reduce(or_, here), alive, is_enabled=True)

    def in_order(self) -> Self:
        """Order keys as an administrator set them: by priority, the older first."""
        return self.order_by("priority", F("retires_at").desc(nulls_first=True), "created_at", "id")

    def to_erase(self) -> Self:
        """Return the keys that retired, but whose secrets are still stored."""
        return self.filter(retires_at__lte=Now()).exclude(origin=ERASED)


class Credential(Resting):
    """A provider's key, encrypted at rest. Written by `actions.store_credential`, never shown.

    Of several the ones of the lowest `priority` are used, in proportion to their `weight`; the
    others when those rest or have reached a limit of their own. After a rotation the old key is a
    fallback until `retires_at`; then its row stays for the ledger's sake, without secret or origin.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    provider = models.ForeignKey(
        Provider, models.CASCADE, related_name="credentials", verbose_name=_("provider")
    )
    name = models.CharField(_("name"), max_length=100, default="default")
    secret = EncryptedTextField(_("secret"))
    # Scheme, host and port it was stored for: a changed address does not get the old one's key.
    origin = models.CharField(_("origin"), max_length=300, editable=False, default="")
    last_four = models.CharField(_("last four"), max_length=4, blank=True, editable=False)
    is_enabled = models.BooleanField(_("enabled"), default=True)
    priority = models.PositiveSmallIntegerField(
        _("priority"), default=0, help_text=_("Keys of a lower number are used first.")
    )
    weight = models.PositiveSmallIntegerField(
        _("weight"),
        default=1,
        validators=[MinValueValidator(1)],
        help_text=_("Its share of the calls among keys of the same priority."),
    )
    max_streams = models.PositiveSmallIntegerField(
        _("calls at once"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Empty: no limit."),
    )
    requests_per_minute = models.PositiveIntegerField(
        _("calls a minute"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Empty: no limit."),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    replaced_at = models.DateTimeField(_("replaced"), null=True, editable=False)
    last_used_at = models.DateTimeField(_("last used"), null=True, editable=False)
    # Set by a rotation: until then calls may still fall back to the old key.
    retires_at = models.DateTimeField(_("retires"), null=True, editable=False)

    objects = CredentialQuerySet.as_manager()

    class Meta:
        ordering = ("created_at", "id")
        verbose_name = _("provider key")
        verbose_name_plural = _("provider keys")
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "name"],
                condition=Q(retires_at=None),
                name="providers_credential_name_once",
            ),
            models.CheckConstraint(
                condition=Q(weight__gt=0), name="providers_credential_weight_positive"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} …{self.last_four}" if self.last_four else self.name

    @property
    def place(self) -> tuple[float, ...]:
        """As `providers.order` wants it: what a rotation replaced comes after its equals."""
        return self.priority, -self.retires_at.timestamp() if self.retires_at else -math.inf

    @property
    def is_limited(self) -> bool:
        return self.max_streams is not None or self.requests_per_minute is not None

    @property
    def is_retired(self) -> bool:
        return self.retires_at is not None and self.retires_at <= timezone.now()
