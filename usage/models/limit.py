"""What a person, a team, a key or a model may use, and how much of it is used."""

from decimal import Decimal
from typing import Any, ClassVar, Self
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now, TruncDate, TruncMonth
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from usage.models.account import Payer
from usage.models.used import used
from usage.numbers import count, dollars

NEAR = Decimal("0.8")  # of a budget: from here on people are warned
SUBJECTS = ("user", "team", "key", "model")


class LimitQuerySet(models.QuerySet["Limit"]):
    def applying_to(self, payer: Payer, model_id: UUID | None) -> Self:
        """Return the limits of the payer, of the key, of each of the person's teams, and the
        model's.
        """
        return self._of(payer.user_id, payer.key_id, model_id)

    def met_by(self, user: User, model_id: UUID | None) -> Self:
        """Return what applies when `user` asks the model without a key: no account is looked up."""
        return self._of(user.pk, None, model_id).select_related("team", "model")

    def near_their_end(self) -> Self:
        """Return those that have a budget of which `NEAR` is spent in its present window."""
        today = TruncDate(Now(), tzinfo=timezone.get_default_timezone())
        day = Q(day__gte=today, day_budget__gt=0, day_spent__gte=F("day_budget") * NEAR)
        month = Q(
            month__gte=TruncMonth(today),
            month_budget__gt=0,
            month_spent__gte=F("month_budget") * NEAR,
        )
        total = Q(total_budget__gt=0, total_spent__gte=F("total_budget") * NEAR)
        return self.filter(day | month | total).order_by("pk")

    def _of(self, user_id: UUID | None, key_id: UUID | None, model_id: UUID | None) -> Self:
        teams = Team.members.through.objects.filter(user=user_id).values("team")
        return self.filter(
            Q(user=user_id, user__isnull=False)
            | Q(team__in=teams)
            | Q(key=key_id, key__isnull=False)
            | Q(model=model_id, model__isnull=False)
        ).order_by("pk")

    def standing(self) -> Self:
        """Add what says how each stands: `now`, by the database's clock, and `used` (see there)."""
        return self.select_related("user", "team", "key__owner", "model").annotate(
            now=Now(), used=used()
        )


def _budget(name: Any) -> models.DecimalField:
    return models.DecimalField(
        name,
        max_digits=14,
        decimal_places=4,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0))],
        help_text=_("US dollars. Empty: no limit."),
    )


def _money() -> models.DecimalField:
    return models.DecimalField(max_digits=20, decimal_places=10, default=0, editable=False)


class Limit(models.Model):
    """Limits and budgets of one subject, with the counters that they are held against.

    Settings are null where there is no limit. The counters are changed by `usage.limits` alone,
    in the transaction that writes or closes a row of the ledger, so that both always agree:

    - `open_calls` and `held` (US dollars): the rows that are held;
    - `day_spent`, `month_spent`, `total_spent` (US dollars): the settled ones that began on the
      latest `day`, in the latest `month` (its first day), and ever;
    - `seconds`, `requests`, `tokens`: for each second (since 1970, UTC) of about the last minute
      in which calls began, how many did, and their tokens: as held, and once settled as counted.

    Days and months are those of the installation's time zone.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="limit",
        verbose_name=_("person"),
    )
    team = models.OneToOneField(
        "accounts.Team",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="limit",
        verbose_name=_("team"),
    )
    key = models.OneToOneField(
        "accounts.ApiKey",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="limit",
        verbose_name=_("API key"),
    )
    model = models.OneToOneField(
        "providers.ModelSpec",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="limit",
        verbose_name=_("model"),
    )

    requests_per_minute = models.PositiveIntegerField(
        _("requests a minute"), null=True, blank=True, help_text=_("Empty: no limit.")
    )
    tokens_per_minute = models.PositiveIntegerField(
        _("tokens a minute"),
        null=True,
        blank=True,
        help_text=_("Input and output together. Empty: no limit."),
    )
    max_streams = models.PositiveIntegerField(
        _("answers at once"), null=True, blank=True, help_text=_("Empty: no limit.")
    )
    day_budget = _budget(_("budget a day"))
    month_budget = _budget(_("budget a month"))
    total_budget = _budget(_("budget in total"))

    open_calls = models.PositiveIntegerField(default=0, editable=False)
    held = _money()
    day = models.DateField(editable=False)
    day_spent = _money()
    month = models.DateField(editable=False)
    month_spent = _money()
    total_spent = _money()
    seconds = ArrayField(models.BigIntegerField(), default=list, editable=False)
    requests = ArrayField(models.IntegerField(), default=list, editable=False)
    tokens = ArrayField(models.BigIntegerField(), default=list, editable=False)
    # The highest share of each budget, in per cent, that somebody was warned of: 0, 80 or 100.
    day_warned = models.PositiveSmallIntegerField(default=0, editable=False)
    month_warned = models.PositiveSmallIntegerField(default=0, editable=False)
    total_warned = models.PositiveSmallIntegerField(default=0, editable=False)
    # Of a key: an administrator set it, and its owner can neither change nor lift it.
    binds_owner = models.BooleanField(default=False, db_default=False, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = LimitQuerySet.as_manager()

    class Meta:
        verbose_name = _("limit")
        verbose_name_plural = _("limits")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(
                    *(
                        Q(**{f"{other}__isnull": other != one for other in SUBJECTS})
                        for one in SUBJECTS
                    ),
                    _connector=Q.OR,
                ),
                name="usage_limit_of_one_subject",
            ),
            models.CheckConstraint(condition=Q(held__gte=0), name="usage_limit_held_not_negative"),
        ]

    def __str__(self) -> str:
        return str(self.subject)

    @property
    def kind(self) -> str:
        """Return what it limits: one of `SUBJECTS`."""
        return next(name for name in SUBJECTS if getattr(self, f"{name}_id") is not None)

    @property
    def subject(self) -> Any:
        """Return the person, team, key or model that this limits."""
        return getattr(self, self.kind)

    @property
    def summary(self) -> str:
        """Return what is set, in a few words."""
        texts = {
            "requests_per_minute": gettext("%s requests a minute"),
            "tokens_per_minute": gettext("%s tokens a minute"),
            "max_streams": gettext("%s answers at once"),
            "day_budget": gettext("%s a day"),
            "month_budget": gettext("%s a month"),
            "total_budget": gettext("%s in total"),
        }
        most = {name: getattr(self, name) for name in texts}
        return ", ".join(
            texts[name] % (dollars(number) if name.endswith("_budget") else count(number))
            for name, number in most.items()
            if number is not None
        )

    @property
    def named(self) -> str:
        """Return whose limit it is, as it may be told to everybody whom it limits."""
        if self.user_id is not None:
            return gettext("your account")
        if self.team_id is not None:
            return gettext("the team %s") % self.team
        if self.key is not None:
            return gettext("the key %s") % self.key.name
        return gettext("the model %s") % self.model
