"""What was made with recipes: a work, its variants side by side, and the steps to each."""

import uuid
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from generator.recipes.base import Problem
from runs.models import Run
from runs.states import LIVE, State

LONGEST_TITLE = 120
_BROKEN = (State.STOPPED, State.INTERRUPTED, State.FAILED)
MOST_VARIANTS = 8


class WorkQuerySet(models.QuerySet["Work"]):
    def visible_to(self, user: User) -> Self:
        """Return the works `user` may read and change: their own."""
        return self.filter(owner_id=user.pk)

    def recent(self) -> Self:
        """Return the newest first, with the names of their recipes and without any prompt."""
        texts = ("version__instructions", "version__prompt", "version__variables")
        named = self.select_related("version").defer(*texts)
        return named.order_by("-created_at", "-id")


class Work(models.Model):
    """One form that was filled in and sent: its recipe, its values, and what was made of them."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="works"
    )
    recipe = models.CharField(_("recipe"), max_length=40)
    # Of a recipe that somebody made. When that is deleted, its prompt goes and the work stays.
    version = models.ForeignKey(
        "generator.RecipeVersion",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="works",
    )
    title = models.CharField(_("title"), max_length=LONGEST_TITLE)
    values = models.JSONField(default=dict)
    client_id = models.UUIDField()
    picked = models.ForeignKey(
        "generator.Variant", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    updated_at = models.DateTimeField(_("changed"), db_default=Now())

    objects = WorkQuerySet.as_manager()

    class Meta:
        verbose_name = _("work")
        verbose_name_plural = _("works")
        indexes: ClassVar = [
            models.Index(fields=["owner", "-created_at", "-id"], name="generator_works_recent")
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["owner", "client_id"], name="generator_one_work_per_request"
            )
        ]

    def __str__(self) -> str:
        # Not the title: logs and the administration do not say what people write about.
        return f"work {self.pk}"

    @property
    def topic(self) -> str:
        """The channel-layer group that hears of this work's results."""
        return f"work.{self.pk}"


class VariantQuerySet(models.QuerySet["Variant"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(work__owner_id=user.pk)


class Variant(models.Model):
    """One result. Its text is empty until the last step has ended.

    `paused_by` says why no further step is asked for: "person" who stopped it, or an error's kind.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    work = models.ForeignKey(Work, on_delete=models.CASCADE, related_name="variants")
    number = models.PositiveSmallIntegerField()
    model = models.ForeignKey(
        "providers.ModelSpec", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    text = models.TextField(blank=True)
    problem = models.CharField(max_length=12, choices=Problem, blank=True)
    paused_by = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now())

    objects = VariantQuerySet.as_manager()

    class Meta:
        verbose_name = _("variant")
        verbose_name_plural = _("variants")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["work", "number"], name="generator_variant_number")
        ]

    def __str__(self) -> str:
        return f"variant {self.number} of {self.work_id}"


class StepQuerySet(models.QuerySet["Step"]):
    def pending(self) -> Self:
        """Return the steps that were not asked for yet, in their order."""
        return self.filter(run=None, text="").order_by("level", "position")

    def live(self) -> Self:
        return self.filter(run__state__in=LIVE)

    def stopping(self) -> Self:
        """Return those that somebody stopped, and whose worker did not hear of it yet."""
        return self.live().filter(run__stop_requested_at__isnull=False)

    def broken(self) -> Self:
        """Return those whose answer broke off, or never came."""
        return self.filter(run__state__in=_BROKEN)

    def unfinished(self) -> Self:
        """Return those whose answer did not come whole; of notes on a part, a cut one is enough."""
        is_cut = Q(is_last=True, run__state=State.DONE, run__finish_reason="length")
        return self.filter(Q(run__state__in=_BROKEN) | is_cut)

    def whole(self) -> Self:
        """Return the last step, where its answer came and nothing is asked any more."""
        return self.filter(is_last=True, run__state=State.DONE)


class Step(models.Model):
    """One answer on the way to a variant.

    A short form has one. A long material is read in parts: those of level 0 read its code points
    from `start` to `end`, those above the answers of the level below from the `start`th to before
    the `end`th; the highest level has one step, which makes the result (`is_last`).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="steps")
    level = models.PositiveSmallIntegerField(default=0)
    position = models.PositiveIntegerField(default=0)
    start = models.PositiveIntegerField(default=0)
    end = models.PositiveIntegerField(default=0)
    is_last = models.BooleanField(default=True)
    run = models.OneToOneField(
        "runs.Run", null=True, blank=True, on_delete=models.SET_NULL, related_name="step"
    )
    tries = models.PositiveSmallIntegerField(default=0)
    text = models.TextField(blank=True)
    told = models.TextField(blank=True)  # what was wrong with the first answer

    objects = StepQuerySet.as_manager()

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["variant", "level", "position"], name="generator_step_place"
            ),
            models.CheckConstraint(condition=Q(end__gte=F("start")), name="generator_step_range"),
        ]

    def __str__(self) -> str:
        return f"step {self.level}.{self.position} of {self.variant_id}"

    def forget(self) -> None:
        """Let it be asked for again."""
        self.run, self.text, self.told, self.tries = None, "", "", 0
        self.save(update_fields=["run", "text", "told", "tries"])

    @property
    def live_run(self) -> Run | None:
        return self.run if self.run is not None and self.run.is_live else None

    @property
    def text_so_far(self) -> str:
        return self.live_run.text if self.live_run else self.text
