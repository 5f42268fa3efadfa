"""Answers that are given once, however often they are asked for: claimed, kept, forgotten."""

import datetime as dt

from django.db import transaction
from django.db.models.functions import Now

from accounts.models import ApiKey
from api.models import KeptAnswer

# After so long without a renewal a repeat asks anew: its process was killed.
LEASE = dt.timedelta(seconds=30)


@transaction.atomic
def claim_answer(key: ApiKey, digest: bytes, request_digest: bytes) -> tuple[KeptAnswer, bool]:
    """Return the answer for `digest`, and whether it is the caller's to give."""
    before = KeptAnswer.objects.filter(key=key, digest=digest)
    (before.outdated() | before.forsaken()).delete()
    asked = {"request_digest": request_digest, "lease_expires_at": Now() + LEASE}
    return KeptAnswer.objects.get_or_create(key=key, digest=digest, defaults=asked)


def renew_claim(answer: KeptAnswer) -> None:
    """Go on with an answer: it takes longer than a lease."""
    KeptAnswer.objects.running().filter(pk=answer.pk).update(lease_expires_at=Now() + LEASE)


@transaction.atomic
def keep_answer(
    answer: KeptAnswer, body: str, content_type: str = "", deployment: str = ""
) -> None:
    """Keep what was answered, or only that it was. It changes nothing where that is too late."""
    mine = KeptAnswer.objects.running().select_for_update().filter(pk=answer.pk).first()
    if mine is None:
        return
    mine.body, mine.content_type, mine.deployment = body, content_type, deployment
    mine.lease_expires_at = None
    mine.save()


def give_up_answer(answer: KeptAnswer) -> None:
    """Forget a claim whose request was refused or broken off: it may be asked again."""
    KeptAnswer.objects.running().filter(pk=answer.pk).delete()


def forget_kept_answers() -> None:
    """Delete the answers that were kept long enough."""
    KeptAnswer.objects.outdated().delete()
