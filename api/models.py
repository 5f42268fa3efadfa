"""What was answered to a request that may be asked again: one that came with an `Idempotency-Key`.

Written by `api.actions`, read by `api.v1.idempotency`.
"""

import datetime as dt
import uuid
from typing import Self

from django.db import models
from django.db.models.functions import Now

from accounts.models import ApiKey
from boundary.encryption import EncryptedTextField

KEPT = dt.timedelta(hours=24)


class KeptAnswerQuerySet(models.QuerySet["KeptAnswer"]):
    def running(self) -> Self:
        return self.filter(lease_expires_at__isnull=False)

    def outdated(self) -> Self:
        """Return those that were kept long enough."""
        return self.filter(created_at__lt=Now() - KEPT)

    def forsaken(self) -> Self:
        """Return those that nobody answers any more: their process was killed."""
        return self.filter(lease_expires_at__lt=Now())


class KeptAnswer(models.Model):
    """One answer under way or given; of the request nothing but a keyed digest is here.

    It runs while it has a lease, which its process renews. A given one has none; an empty body is
    one that was too long to be kept. Who takes a forsaken one over makes another row: so the id
    keeps out the one that had it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.ForeignKey(ApiKey, models.CASCADE, related_name="+")
    digest = models.BinaryField(max_length=32)  # of the Idempotency-Key
    request_digest = models.BinaryField(max_length=32)  # of path and body
    lease_expires_at = models.DateTimeField(null=True)
    body = EncryptedTextField(default="")
    content_type = models.CharField(max_length=60, blank=True)
    deployment = models.TextField(blank=True)  # as the header tells which one answered
    created_at = models.DateTimeField(db_default=Now(), db_index=True)

    objects = KeptAnswerQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["key", "digest"], name="one_answer_for_one_asking"),
        )

    def __str__(self) -> str:
        return f"{self.created_at:%Y-%m-%d %H:%M:%S}"

    @property
    def is_running(self) -> bool:
        return self.lease_expires_at is not None
