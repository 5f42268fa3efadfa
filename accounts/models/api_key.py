"""The keys that people make for programs: whose they are, and what they open."""

import secrets
import uuid
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.user import User
from boundary.encryption import EncryptedTextField


class Endpoint(models.TextChoices):
    """What a program can ask for, as the addresses below /v1 have it."""

    MODELS = "models", _("models")
    CHAT = "chat/completions", _("chat completions")
    COMPLETIONS = "completions", _("completions")
    EMBEDDINGS = "embeddings", _("embeddings")
    IMAGES = "images/generations", _("images")
    MODERATIONS = "moderations", _("moderations")


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def of(self, user: User) -> Self:
        """Return the keys that `user` owns: the only ones that they may see or change."""
        return self.filter(owner=user)

    def working(self) -> Self:
        """Return the keys that open something now."""
        unexpired = Q(expires_at=None) | Q(expires_at__gt=Now())
        return self.filter(unexpired, revoked_at=None, owner__is_active=True)

    def ended(self) -> Self:
        """Return the keys that were revoked or have expired."""
        return self.filter(Q(revoked_at__isnull=False) | Q(expires_at__lte=Now()))


class ApiKey(models.Model):
    """A key for programs. Written by `accounts.api_keys`; its secret is shown once, never kept.

    It opens no more than its owner may: `endpoints`, `model_names` (public names) and `networks`
    (in CIDR notation) only narrow that; an empty one does not. After a rotation the former secret
    works until `former_until`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        User, models.CASCADE, related_name="api_keys", verbose_name=_("owner")
    )
    made_by = models.ForeignKey(
        User,
        models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("made by"),
    )
    name = models.CharField(_("name"), max_length=80)
    prefix = models.CharField(_("beginning"), max_length=20, editable=False)
    last_four = models.CharField(_("last four"), max_length=4, editable=False)
    digest = models.BinaryField(max_length=32, unique=True)
    former_last_four = models.CharField(max_length=4, blank=True, editable=False)
    former_digest = models.BinaryField(max_length=32, unique=True, null=True)
    former_until = models.DateTimeField(null=True, editable=False)
    endpoints = ArrayField(
        models.CharField(max_length=20, choices=Endpoint),
        verbose_name=_("endpoints"),
        default=list,
        blank=True,
        help_text=_("Empty: all."),
    )
    model_names = ArrayField(
        models.CharField(max_length=200),
        verbose_name=_("models"),
        default=list,
        blank=True,
        help_text=_("Public names. Empty: all that its owner may use."),
    )
    networks = ArrayField(
        models.CharField(max_length=43),
        verbose_name=_("addresses"),
        default=list,
        blank=True,
        help_text=_("IP addresses and networks it may be used from. Empty: any."),
    )
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, editable=False)
    rotated_at = models.DateTimeField(_("rotated"), null=True, editable=False)
    last_used_at = models.DateTimeField(_("last used"), null=True, editable=False)
    last_used_from = models.GenericIPAddressField(_("last used from"), null=True, editable=False)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        constraints = (
            models.CheckConstraint(
                condition=Q(former_digest=None, former_until=None)
                | Q(former_digest__isnull=False, former_until__isnull=False),
                name="api_key_former_secret_ends",
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} (…{self.last_four})"

    @property
    def masked(self) -> str:
        """The secret as far as it is shown again."""
        return f"{self.prefix}…{self.last_four}"

    def opens(self, endpoint: Endpoint) -> bool:
        return not self.endpoints or endpoint in self.endpoints

    @property
    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()

    @property
    def has_former(self) -> bool:
        """Say whether the secret from before the last rotation still works."""
        return self.former_until is not None and self.former_until > timezone.now()

    @property
    def is_working(self) -> bool:
        """As `ApiKeyQuerySet.working` has it."""
        return self.revoked_at is None and not self.is_expired and self.owner.is_active


_PEPPER_ID = uuid.UUID(int=1)


def _pepper_id() -> uuid.UUID:
    return _PEPPER_ID


def _new_pepper() -> str:
    return secrets.token_hex(32)


class ApiKeyPepper(models.Model):
    """One row: the key of the digests. It outlasts a change of the master key that encrypts it."""

    id = models.UUIDField(primary_key=True, default=_pepper_id, editable=False)
    secret = EncryptedTextField(default=_new_pepper)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(id=_PEPPER_ID), name="there_is_one_api_key_pepper"),
        )

    def __str__(self) -> str:
        return "the key of the digests"
