"""Run: one execution of a model. Attempt: one call to a provider on its behalf."""

import uuid
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, OuterRef, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from providers.models import ModelSpec
from runs.states import FINAL, LIVE, State
from usage.models import Payer


class RunQuerySet(models.QuerySet["Run"]):
    def live(self) -> Self:
        return self.filter(state__in=LIVE)

    def queued(self) -> Self:
        return self.filter(state=State.QUEUED)

    def startable(self) -> Self:
        """Queued Runs of people who are still let in."""
        return self.queued().filter(user__is_active=True)

    def forsaken(self) -> Self:
        """Queued Runs that never start: their person was suspended or erased."""
        return self.queued().filter(~Q(user__is_active=True) | Q(user=None))

    def withdrawn(self) -> Self:
        """Those whose model is not for their person any more."""
        return self.exclude(ModelSpec.open_for(OuterRef("model"), OuterRef("user")))

    def expired(self) -> Self:
        """Running, but its worker stopped renewing the lease."""
        return self.filter(state=State.RUNNING, lease_expires_at__lt=Now())

    def fairest_first(self) -> Self:
        """Runs that can start, those whose payer has the fewest running first, then the oldest."""
        running = (
            Run.objects.filter(state=State.RUNNING, account=OuterRef("account"))
            .order_by()
            .values("account")
            .annotate(n=models.Count("*"))
            .values("n")
        )
        return (
            self.startable()
            .annotate(busy=models.functions.Coalesce(models.Subquery(running), 0))
            .order_by("busy", "created_at")
        )


class Run(models.Model):
    """One execution of a model for a principal, paid by an account.

    `text` is the answer so far while the Run is live; at the end the door puts it where it
    stays and it is emptied here. `fence` counts claims: whoever holds an older number has lost
    the Run. `topic` is the channel-layer group that hears of it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    door = models.CharField(_("door"), max_length=20)
    topic = models.CharField(max_length=80)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="runs"
    )
    account = models.ForeignKey("usage.Account", on_delete=models.PROTECT, related_name="runs")
    model = models.ForeignKey(
        "providers.ModelSpec", null=True, on_delete=models.SET_NULL, related_name="runs"
    )
    # The deployment that was asked last in the model's name; null before a claim.
    served_by = models.ForeignKey(
        "providers.ModelSpec",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("served by"),
        db_index=False,
    )
    client_id = models.UUIDField(
        help_text="Made by the client: a repeated request finds its Run instead of making another."
    )

    state = models.CharField(_("state"), max_length=12, choices=State, default=State.QUEUED)
    fence = models.PositiveIntegerField(default=0)
    lease_expires_at = models.DateTimeField(null=True)
    worker = models.CharField(_("worker"), max_length=100, blank=True)
    prefix = models.TextField(
        blank=True, help_text="Text the answer starts with, where an interrupted one goes on."
    )
    text = models.TextField(blank=True)
    first_text_at = models.DateTimeField(null=True)
    stop_requested_at = models.DateTimeField(null=True)
    finish_reason = models.CharField(max_length=30, blank=True)
    error_kind = models.CharField(_("error"), max_length=40, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    claimed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        indexes: ClassVar = [
            models.Index(fields=["created_at"], condition=Q(state="queued"), name="runs_queued"),
            models.Index(
                fields=["lease_expires_at"], condition=Q(state="running"), name="runs_leased"
            ),
            models.Index(
                fields=["topic"], condition=Q(state__in=["queued", "running"]), name="runs_live"
            ),
            models.Index(fields=["account", "-created_at"], name="runs_by_account"),
            models.Index(fields=["-created_at", "-id"], name="runs_newest_first"),
            # Whoever deletes a model does not read every run for those it answered.
            models.Index(
                fields=["served_by"], condition=Q(served_by__isnull=False), name="runs_by_served_by"
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "client_id"], name="runs_one_per_request"),
            models.CheckConstraint(condition=Q(state__in=State.values), name="runs_state_is_known"),
            models.CheckConstraint(
                condition=Q(state="running", lease_expires_at__isnull=False, fence__gt=0)
                | (~Q(state="running") & Q(lease_expires_at__isnull=True)),
                name="runs_running_has_a_lease",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[s.value for s in FINAL], finished_at__isnull=False)
                | (Q(state__in=[s.value for s in LIVE]) & Q(finished_at__isnull=True)),
                name="runs_final_has_an_end",
            ),
            models.CheckConstraint(
                condition=~Q(state="done") | ~Q(finish_reason=""), name="runs_done_has_a_reason"
            ),
            models.CheckConstraint(
                condition=~Q(state="queued") | Q(first_text_at__isnull=True),
                name="runs_shown_text_is_never_requeued",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.door} {self.id} ({self.state})"

    @property
    def is_live(self) -> bool:
        return self.state in LIVE

    @property
    def waits_for(self) -> str:
        """Return why no model is asked yet: it is "queued", or at a limit (an error's kind)."""
        if self.state == State.RUNNING:
            return self.error_kind
        return State.QUEUED.value if self.state == State.QUEUED else ""

    @property
    def payer(self) -> Payer:
        return Payer(self.account_id, self.user_id)

    def place_in_queue(self) -> int:
        """Return this queued Run's place in its provider's line as it stands now, from 1."""
        waiting = Run.objects.fairest_first().filter(model__provider__specs=self.model_id)
        busy = Run.objects.filter(state=State.RUNNING, account=self.account_id).count()
        ahead = Q(busy__lt=busy) | Q(busy=busy, created_at__lt=self.created_at)
        return waiting.filter(ahead).count() + 1


class Attempt(models.Model):
    """One call to a provider: the `number`th of the claim `fence`. Its ledger row has the money."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    fence = models.PositiveIntegerField()
    usage = models.OneToOneField(
        "usage.UsageRecord", on_delete=models.PROTECT, related_name="attempt"
    )
    error_kind = models.CharField(_("error"), max_length=40, blank=True)
    started_at = models.DateTimeField(db_default=Now(), editable=False)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "fence", "number"], name="runs_attempt_number"),
            # A second call may start only when the one before has ended.
            models.UniqueConstraint(
                fields=["run"], condition=Q(ended_at__isnull=True), name="runs_one_open_attempt"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at")),
                name="runs_attempt_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.fence}.{self.number}"
