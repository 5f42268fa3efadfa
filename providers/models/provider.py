"""A server that answers for models."""

import ipaddress
import uuid
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from boundary.egress.urls import check_url, origin, validate_url
from providers.presets import PLACEHOLDER

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


def _seconds(name: "str | _StrPromise", default: float) -> models.FloatField:
    within = [MinValueValidator(0.1), MaxValueValidator(86_400)]
    return models.FloatField(name, default=default, validators=within)


class Provider(models.Model):
    """A server that answers for models."""

    class Kind(models.TextChoices):
        OPENAI = "openai", _("OpenAI-compatible")
        AZURE = "azure", _("Azure OpenAI")

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
        self.base_url = self.base_url.rstrip("/")
        if set(self.base_url) & set("?#"):
            sentence = _("The address ends with its path, as /v1: nothing may follow it.")
            raise ValidationError({"base_url": sentence})
        if PLACEHOLDER in self.base_url:
            sentence = _("Replace the capital letters with the name of your own resource.")
            raise ValidationError({"base_url": sentence})
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
        """Return the first key in the order that was set; empty when the server needs none.

        For questions about the server. Which key a call takes is up to the metered call.
        """
        stored = self.credentials.usable(self).in_order().first()
        return stored.secret if stored else ""
