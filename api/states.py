"""How a key stands, in one word."""

from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiKey


class KeyState(TextChoices):
    WORKING = "working", _("works")
    EXPIRED = "expired", _("expired")
    REVOKED = "revoked", _("revoked")
    SUSPENDED = "suspended", _("owner suspended")


def state_of(key: ApiKey) -> KeyState:
    if key.revoked_at is not None:
        return KeyState.REVOKED
    if key.is_expired:
        return KeyState.EXPIRED
    return KeyState.WORKING if key.owner.is_active else KeyState.SUSPENDED


def in_state(keys: Any, state: str) -> Any:
    """Narrow a queryset of keys to those that `state_of` says this of; all for another word."""
    if state == KeyState.WORKING:
        return keys.working()
    if state == KeyState.REVOKED:
        return keys.exclude(revoked_at=None)
    if state == KeyState.EXPIRED:
        return keys.ended().filter(revoked_at=None)
    if state == KeyState.SUSPENDED:
        return keys.exclude(pk__in=keys.ended()).filter(owner__is_active=False)
    return keys
