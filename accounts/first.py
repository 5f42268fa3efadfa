"""The first account, which becomes the administrator: exactly one, however many try at once."""

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.models import FirstAdministrator, User


def is_made() -> bool:
    """Whether the first administrator exists (or once did)."""
    return (
        FirstAdministrator.objects.filter(made_at__isnull=False).exists()
        or User.objects.filter(is_superuser=True).exists()
    )


def claim() -> bool:
    """Within the caller's transaction, claim to be the first; True for exactly one caller ever.

    The others wait on the row until the one ahead of them commits (then they are not first) or
    rolls back (then the next one is). Call it before the new account is written.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("claim() belongs in a transaction")
    rows = FirstAdministrator.objects
    if rows.filter(made_at__isnull=False).exists():
        return False
    rows.bulk_create([FirstAdministrator()], ignore_conflicts=True)
    if not rows.filter(made_at__isnull=True).update(made_at=Now()):
        return False
    # An administrator made by `manage.py createsuperuser` was first, too.
    return not User.objects.filter(is_superuser=True).exists()


def setup_token() -> str:
    """The secret of the set-up link: the same in every process, and kept nowhere.

    It comes from the secret key and a seed in the database, so that a new database has a new one.
    """
    FirstAdministrator.objects.bulk_create([FirstAdministrator()], ignore_conflicts=True)
    seed = FirstAdministrator.objects.values_list("link_seed", flat=True).get()
    return salted_hmac("accounts.first.setup_token", seed, algorithm="sha256").hexdigest()


def opens_setup(token: str) -> bool:
    """Whether `token` allows making the first account here."""
    if not settings.SETUP_TOKEN_REQUIRED:
        return True
    return constant_time_compare(token, setup_token())


def setup_link() -> str:
    """The address that makes the first account; with its token where one is needed."""
    link = settings.PUBLIC_URL + reverse("account_signup")
    return f"{link}?setup={setup_token()}" if settings.SETUP_TOKEN_REQUIRED else link
