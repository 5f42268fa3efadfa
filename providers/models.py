"""The model backends an installation knows: who serves them, with which key, and what they cost."""

import ipaddress
import uuid
from typing import TYPE_CHECKING, Self, Union

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from boundary.egress.urls import check_url, origin, validate_url
from boundary.encryption import EncryptedTextField

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.utils.functional import _StrPromise

    from accounts.models import User


def _price(name: "str | _StrPromise") -> models.DecimalField:
    """Return a field for US dollars per million tokens; null is unknown, never free."""
    return models.DecimalField(
        name,
        max_digits=12,
        decimal_places=6,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text=_("US dollars for a million tokens; empty when unknown"),
    )


def _seconds(name: "str | _StrPromise", default: float) -> models.FloatField:
    within = [MinValueValidator(0.1), MaxValueValidator(86_400)]
    return models.FloatField(name, default=default, validators=within)


class Provider(models.Model):
    """A server that answers for models."""

    class Kind(models.TextChoices):
        OPENAI = "openai", _("OpenAI-compatible")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=100)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices, default=Kind.OPENAI)
    base_url = models.CharField(  # not a URLField, which knows no "http://ollama:11434"
        _("base URL"),
        max_length=500,
        blank=True,
        validators=[validate_url],
        help_text=_("Up to and including /v1, as https://api.openai.com/v1. Empty: switched off."),
    )
    is_enabled = models.BooleanField(_("enabled"), default=True)
    is_embedded = models.BooleanField(_("embedded"), default=False, editable=False)
    allow_private = models.BooleanField(
        _("private addresses allowed"),
        default=False,
        help_text=_("For a server on this computer or in your own network."),
    )
    first_token_seconds = _seconds(_("seconds to the first token"), 120)
    idle_seconds = _seconds(_("seconds between two tokens"), 60)
    total_seconds = _seconds(_("seconds for a whole answer"), 900)
    max_streams = models.PositiveSmallIntegerField(
        _("streams at once"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Further answers wait in a fair queue. Empty: no limit."),
    )
    # What made this row at start-up, so that it is made once; null: an administrator did.
    seed = models.CharField(max_length=20, null=True, unique=True, editable=False)  # noqa: DJ001
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        ordering = ("name", "id")
        verbose_name = _("provider")
        verbose_name_plural = _("providers")
        constraints = [
            models.UniqueConstraint(
                fields=["is_embedded"],
                condition=models.Q(is_embedded=True),
                name="providers_one_embedded",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    first_token_seconds__gt=0, idle_seconds__gt=0, total_seconds__gt=0
                ),
                name="providers_deadlines_positive",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse an address that no call could go to, where its notation already tells."""
        # Brings aiohttp, which processes that call nobody are spared.
        from boundary.egress.addresses import AddressNotAllowed, Rules

        if not self.base_url or self.is_embedded:
            return
        try:
            host = check_url(self.base_url).host or ""
            literal = "127.0.0.1" if host == "localhost" else host
            ipaddress.ip_address(literal)
        except ValueError:
            return  # the field says so; or a name, and what it leads to is checked at each call
        try:
            Rules(allow_private=self.allow_private).check(literal)
        except AddressNotAllowed:
            sentence = _("This address is in your own network. Allow private addresses below.")
            if self.allow_private:
                sentence = _("This address may not be called.")
            raise ValidationError({"base_url": sentence}) from None

    def origin(self) -> str:
        """Return scheme, host and port of the address; empty while there is none."""
        return origin(check_url(self.base_url)) if self.base_url else ""

    def current_secret(self) -> str:
        """Return the key to call with; empty when the server needs none.

        The oldest enabled credential that was stored for this origin is the one in use.
        """
        stored = self.credentials.filter(is_enabled=True, origin=self.origin()).first()
        return stored.secret if stored else ""


class Credential(models.Model):
    """A provider's key, encrypted at rest. Written by `actions.store_credential`, never shown."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    provider = models.ForeignKey(Provider, models.CASCADE, related_name="credentials")
    name = models.CharField(_("name"), max_length=100, default="default")
    secret = EncryptedTextField(_("secret"))
    # Scheme, host and port it was stored for: a changed address does not get the old one's key.
    origin = models.CharField(_("origin"), max_length=300, editable=False, default="")
    last_four = models.CharField(_("last four"), max_length=4, blank=True, editable=False)
    is_enabled = models.BooleanField(_("enabled"), default=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    replaced_at = models.DateTimeField(_("replaced"), null=True, editable=False)

    class Meta:
        ordering = ("created_at", "id")
        verbose_name = _("credential")
        verbose_name_plural = _("credentials")
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "name"], name="providers_credential_name_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} …{self.last_four}" if self.last_four else self.name


class ModelSpecQuerySet(models.QuerySet["ModelSpec"]):
    """Reads of the catalogue."""

    def usable_by(self, user: Union["User", "AnonymousUser"]) -> Self:
        """Return the models `user` may ask now, the default one first."""
        if not (user.is_authenticated and user.is_active):
            return self.none()
        return self.answering().order_by("-is_default", "label", "id")

    def answering(self) -> Self:
        """Return the models that are switched on and have a server."""
        return (
            self.filter(is_enabled=True, provider__is_enabled=True)
            .exclude(provider__base_url="")
            .select_related("provider")
        )


class ModelSpec(models.Model):
    """One model in the catalogue: what it is called here and upstream, its limits and prices."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    provider = models.ForeignKey(Provider, models.CASCADE, related_name="specs")
    name = models.CharField(
        _("upstream name"), max_length=200, help_text=_("as the provider's API calls the model")
    )
    label = models.CharField(_("label"), max_length=100)
    description = models.TextField(_("description"), blank=True)
    languages = models.CharField(
        _("languages"), max_length=200, blank=True, help_text=_("empty when it speaks many")
    )
    context_window = models.PositiveIntegerField(
        _("context window"), default=8192, help_text=_("tokens of input and output together")
    )
    max_output_tokens = models.PositiveIntegerField(_("output tokens at most"), default=4096)
    input_price = _price(_("price of input"))
    cached_input_price = _price(_("price of cached input"))
    output_price = _price(_("price of output"))
    price_source = models.CharField(_("source of the prices"), max_length=100, blank=True)
    is_enabled = models.BooleanField(_("enabled"), default=True)
    is_default = models.BooleanField(_("default"), default=False)
    makes_titles = models.BooleanField(
        _("makes titles"),
        default=True,
        help_text=_("able enough to name a conversation; otherwise its first words do"),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = ModelSpecQuerySet.as_manager()

    class Meta:
        ordering = ("-is_default", "label", "id")
        verbose_name = _("model")
        verbose_name_plural = _("models")
        constraints = [
            models.UniqueConstraint(fields=["provider", "name"], name="providers_model_once"),
            models.UniqueConstraint(
                fields=["is_default"],
                condition=models.Q(is_default=True),
                name="providers_one_default_model",
            ),
            models.CheckConstraint(
                condition=models.Q(is_default=False) | models.Q(is_enabled=True),
                name="providers_default_is_enabled",
            ),
            models.CheckConstraint(
                condition=models.Q(max_output_tokens__gt=0)
                & models.Q(context_window__gte=models.F("max_output_tokens")),
                name="providers_output_fits_context",
            ),
            models.CheckConstraint(
                condition=(
                    (models.Q(input_price=None) | models.Q(input_price__gte=0))
                    & (models.Q(cached_input_price=None) | models.Q(cached_input_price__gte=0))
                    & (models.Q(output_price=None) | models.Q(output_price__gte=0))
                ),
                name="providers_prices_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def is_answering(self) -> bool:
        """As `ModelSpecQuerySet.answering` has it: switched on, at a server."""
        return self.is_enabled and self.provider.is_enabled and bool(self.provider.base_url)

    def clean(self) -> None:
        """Say in forms what the database holds: a form without `is_default` checks no more."""
        if self.is_default and not self.is_enabled:
            raise ValidationError(
                {"is_enabled": _("Make another model the default before you disable this one.")}
            )
