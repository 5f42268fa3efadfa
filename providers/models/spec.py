"""The catalogue: which model answers at which provider, what it can, costs, and for whom."""

import uuid
from typing import TYPE_CHECKING, Any, Self, Union

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Team
from providers.models.provider import Provider
from providers.models.resting import Resting

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.utils.functional import _StrPromise

    from accounts.models import ApiKey, User


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


class Ability(models.TextChoices):
    """What a model can be asked for."""

    CHAT = "chat", _("chat")
    COMPLETIONS = "completions", _("completions")
    VISION = "vision", _("sees images")
    TOOLS = "tools", _("calls tools")
    JSON = "json", _("keeps to a JSON schema")
    EMBEDDINGS = "embeddings", _("embeddings")
    IMAGES = "images", _("draws images")
    MODERATION = "moderation", _("moderation")


# Abilities whose answers are paid by the token; the others' cost what is read.
_WRITING = (Ability.CHAT, Ability.COMPLETIONS, Ability.IMAGES)


def _chat() -> list[str]:
    return [Ability.CHAT.value]


class ModelSpecQuerySet(models.QuerySet["ModelSpec"]):
    """Reads of the catalogue."""

    def usable_by(self, user: Union["User", "AnonymousUser"]) -> Self:
        """Return the models `user` may ask now, the default one first."""
        if not (user.is_authenticated and user.is_active):
            return self.none()
        own = self.answering().filter(ModelSpec.open_for(OuterRef("pk"), user), is_listed=True)
        return own.order_by("-is_default", "label", "id")

    def open_to(self, key: "ApiKey") -> Self:
        """Return the models that programs may ask now by `key`, its owner's at most."""
        named = self.usable_by(key.owner).exclude(public_name=None)
        return named.filter(public_name__in=key.model_names) if key.model_names else named

    def able_to(self, *abilities: "Ability") -> Self:
        """Return the models that can be asked in one of these ways."""
        return self.filter(abilities__overlap=[ability.value for ability in abilities])

    def unpriced(self) -> Self:
        """Return the models of which nobody knows what a call costs."""
        writes = Q(abilities__overlap=[each.value for each in _WRITING])
        return self.filter(Q(input_price=None) | Q(writes, output_price=None))

    def for_everybody(self) -> Self:
        """Return the models that everybody's new conversations could begin with, the best first.

        The oldest is, but what runs on this computer comes after all others.
        """
        able = self.answering().able_to(Ability.CHAT).filter(is_listed=True, teams=None)
        return able.order_by("provider__is_embedded", "created_at", "pk")

    def answering(self) -> Self:
        """Return the models that are switched on and have a server."""
        return (
            self.filter(is_enabled=True, provider__is_enabled=True)
            .exclude(provider__base_url="")
            .select_related("provider")
        )


class ModelSpec(Resting):
    """One model at one provider: what it is called here and upstream, its limits and prices.

    Its own provider answers for it, and those that its `Route`s name. As a deployment it rests
    for `cool_down_seconds` after a failure of its server.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    provider = models.ForeignKey(
        Provider, models.CASCADE, related_name="specs", verbose_name=_("provider")
    )
    name = models.CharField(
        _("upstream name"), max_length=200, help_text=_("as the provider's API calls the model")
    )
    public_name = models.CharField(
        _("public name"),
        max_length=200,
        unique=True,
        null=True,
        blank=True,
        help_text=_("The name programs use for it. Empty: programs cannot use it."),
    )
    label = models.CharField(_("label"), max_length=100)
    description = models.TextField(_("description"), blank=True)
    languages = models.CharField(
        _("languages"), max_length=200, blank=True, help_text=_("empty when it speaks many")
    )
    abilities = ArrayField(
        models.CharField(max_length=12, choices=Ability),
        verbose_name=_("abilities"),
        default=_chat,
        blank=True,
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
    is_listed = models.BooleanField(
        _("offered"),
        default=True,
        help_text=_("Otherwise people cannot choose it; it only answers for other models."),
    )
    is_default = models.BooleanField(_("default"), default=False)
    makes_titles = models.BooleanField(
        _("makes titles"),
        default=True,
        help_text=_("able enough to name a conversation; otherwise its first words do"),
    )
    teams = models.ManyToManyField(
        "accounts.Team",
        related_name="models",
        blank=True,
        verbose_name=_("teams"),
        help_text=_("Teams that may use it. Empty: everybody."),
    )
    weight = models.PositiveSmallIntegerField(
        _("weight"),
        default=1,
        validators=[MinValueValidator(1)],
        help_text=_("Its own share of the calls beside its routes of priority 0."),
    )
    cool_down_seconds = models.PositiveIntegerField(
        _("cool-down"),
        default=30,
        help_text=_("Seconds for which it is passed over after its server fails. 0: never."),
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

    def clean(self) -> None:
        """Refuse to switch on what could be asked for nothing."""
        if self.is_enabled and not self.abilities:
            sentence = _("Choose at least one ability, or switch the model off.")
            raise ValidationError({"abilities": sentence})

    @property
    def is_answering(self) -> bool:
        """As `ModelSpecQuerySet.answering` has it: switched on, at a server."""
        return self.is_enabled and self.provider.is_enabled and bool(self.provider.base_url)

    @property
    def writes_by(self) -> Ability:
        """How it is asked for a text: to talk, or, where it cannot, to go on with one."""
        return Ability.CHAT if Ability.CHAT in self.abilities else Ability.COMPLETIONS

    @staticmethod
    def open_for(model: Any, user: Any) -> models.Q:
        """Return the condition that a model's teams leave it open to a person.

        Both may be an `OuterRef`.
        """
        teams = ModelSpec.teams.through.objects.filter(modelspec=model)
        return ~Exists(teams) | Exists(teams.filter(team__members=user))

    def is_for(self, user_id: uuid.UUID | None) -> bool:
        """Say whether the person may use it, as `usable_by` has it.

        Asked before each answer, where one plain statement, and seldom a second, costs less than
        that condition.
        """
        of_teams = ModelSpec.teams.through.objects.filter(modelspec=self)
        teams = list(of_teams.values_list("team", flat=True))
        return not teams or Team.objects.filter(pk__in=teams, members=user_id).exists()


class Route(models.Model):
    """A deployment that answers in a model's name.

    Those of priority 0 share its calls in proportion to their weights; those of a higher number
    answer only when all before them rest or failed.
    """

    model = models.ForeignKey(ModelSpec, models.CASCADE, related_name="routes")
    to = models.ForeignKey(
        ModelSpec, models.CASCADE, related_name="answers_for", verbose_name=_("deployment")
    )
    priority = models.PositiveSmallIntegerField(
        _("priority"), default=1, help_text=_("0: shares its calls. From 1: stands in for it.")
    )
    weight = models.PositiveSmallIntegerField(
        _("weight"), default=1, validators=[MinValueValidator(1)]
    )

    class Meta:
        ordering = ("priority", "id")
        verbose_name = _("route")
        verbose_name_plural = _("routes")
        constraints = [
            models.UniqueConstraint(fields=["model", "to"], name="providers_route_once"),
            models.CheckConstraint(
                condition=~models.Q(model=models.F("to")), name="providers_route_to_another"
            ),
            models.CheckConstraint(
                condition=models.Q(weight__gt=0), name="providers_route_weight_positive"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} → {self.to}"
