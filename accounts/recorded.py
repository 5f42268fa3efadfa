"""What allauth does to people, recorded: signing in, failing to, addresses, second factors.

What people typed is never kept, and of an address that nobody here has nothing is recorded.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from allauth.account import signals as account
from allauth.account.authentication import get_authentication_records
from allauth.account.models import EmailAddress
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from django.db import transaction
from django.db.models import signals
from django.db.models.functions import Now
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.models import User
from ops.audit.acts import Act
from ops.audit.trail import record
from ops.models import AuditEntry

# Who guesses, or was suspended and goes on trying, does not fill the trail with it.
MOST_FAILED, WITHIN = 10, dt.timedelta(minutes=5)


def means(request: HttpRequest, user: User) -> dict[str, Any]:
    """Return how somebody has just proven who they are, in order, as details of an entry."""
    records = get_authentication_records(request, user)
    by = dict.fromkeys(each.get("type") or each["method"] for each in records)
    return {"by": list(by)} if by else {}


@transaction.atomic
def record_failed(people: Iterable[User], by: str) -> None:
    """Record that somebody failed to sign in as each of these, `MOST_FAILED` times `WITHIN`."""
    keys = [user.pk for user in people]
    # Locked, so that nobody is named who is just being erased, and that guesses count each other.
    for user in User.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk"):
        failed = AuditEntry.objects.filter(owner=user.pk, act=Act.SIGN_IN_FAILED)
        if failed.filter(created_at__gt=Now() - WITHIN)[:MOST_FAILED].count() < MOST_FAILED:
            record(Act.SIGN_IN_FAILED, user, by=[by])


@receiver(mfa.authentication_failed)
def _code_was_wrong(user: User, **rest: Any) -> None:
    record_failed([user], by="code")


@receiver(mfa.authenticator_used)
@transaction.atomic
def _recovery_code_was_used(user: User, authenticator: Authenticator, **rest: Any) -> None:
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        authenticator.refresh_from_db(fields=["data"])
        left = len(authenticator.wrap().get_unused_codes())
        record(Act.FACTOR_CHANGED, user, actor=user, factor=authenticator.type, left=left)


# By the rows and not by allauth's signals: those of the administration come and go, too, and those
# of allauth are sent after the transaction.


@receiver(signals.post_save, sender=Authenticator)
@transaction.atomic
def _factor_came(instance: Authenticator, created: bool, **rest: Any) -> None:
    if created:
        record(Act.FACTOR_ADDED, instance.user, factor=instance.type)


@receiver(signals.post_delete, sender=Authenticator)
@transaction.atomic
def _factor_went(instance: Authenticator, origin: Any, **rest: Any) -> None:
    if getattr(origin, "model", type(origin)) is Authenticator:  # not with its person
        record(Act.FACTOR_REMOVED, instance.user, factor=instance.type)


@receiver(account.email_added)
@transaction.atomic
def _email_was_added(user: User, **rest: Any) -> None:
    record(Act.EMAIL_ADDED, user)


@receiver(account.email_confirmed)
@transaction.atomic
def _email_was_confirmed(email_address: EmailAddress, **rest: Any) -> None:
    record(Act.EMAIL_CONFIRMED, email_address.user)


@receiver(account.email_changed)
@transaction.atomic
def _email_was_changed(
    user: User, from_email_address: EmailAddress | None, to_email_address: EmailAddress, **rest: Any
) -> None:
    """Another one, that is: allauth says so of the first one, too."""
    if from_email_address and from_email_address.email != to_email_address.email:
        record(Act.EMAIL_CHANGED, user)


@receiver(account.email_removed)
@transaction.atomic
def _email_was_removed(user: User, **rest: Any) -> None:
    record(Act.EMAIL_REMOVED, user)
