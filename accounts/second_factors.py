"""The secrets of second factors, encrypted: whoever reads the database cannot make their codes.

allauth keeps them within a JSON column and asks its adapter to encrypt each on its own, without
saying for which row; so they are bound to the column instead of the row.
"""

from collections import Counter
from collections.abc import Iterator

from allauth.mfa.models import Authenticator
from django.db import transaction

from boundary.encryption import (
    Sealed,
    UnreadableSecretError,
    current_prefix,
    key_id_of,
    seal,
    unseal,
)
from boundary.rotation import Batch

PLACE = ("mfa_authenticator", "data", "any")
NAMES = ("secret", "seed")  # of a TOTP app, of recovery codes


def seal_secret(plain: str) -> str:
    return seal(plain, place=PLACE).stored


def open_secret(stored: str) -> str:
    return unseal(Sealed(stored), place=PLACE)


def rotate_secrets(batch_size: int) -> Iterator[Batch]:
    """Re-encrypt with the current master key; what `manage.py rotate_master_key` does here."""
    last = 0
    while True:
        with transaction.atomic():
            rows = Authenticator.objects.filter(pk__gt=last, type__in=("totp", "recovery_codes"))
            page = list(rows.select_for_update().order_by("pk")[:batch_size])
            if not page:
                return
            batch = Batch()
            for row in page:
                _rotate(row, batch)
        last = page[-1].pk
        yield batch


def count_keys() -> Counter[str]:
    """Return how many secrets name which master key."""
    rows = Authenticator.objects.filter(type__in=("totp", "recovery_codes"))
    found: Counter[str] = Counter()
    for data in rows.values_list("data", flat=True).iterator():
        found.update(key_id_of(data[name]) for name in NAMES if name in data)
    return found


def _rotate(row: Authenticator, batch: Batch) -> None:
    for name in NAMES:
        stored = row.data.get(name, current_prefix())
        if stored.startswith(current_prefix()):
            continue
        try:
            row.data[name] = seal_secret(open_secret(stored))
        except UnreadableSecretError as error:
            batch.failures.append(f"{row.pk}: {error}")
        else:
            row.save(update_fields=["data"])
            batch.rotated += 1
