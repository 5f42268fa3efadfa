"""A new secret on its way from the request that made it to the one page that shows it.

A page that showed it in answer to the form would lose it to a double click: the browser shows the
second answer. So it waits in the cache for the redirect that follows: for minutes, encrypted for
the session that made it, and gone with the first look.
"""

from django.core.cache import cache
from django.http import HttpRequest

from accounts.models import ApiKey
from boundary.encryption import Sealed, UnreadableSecretError, seal, unseal

SECONDS = 300


def keep(request: HttpRequest, key: ApiKey, secret: str) -> None:
    cache.set(_name(key), seal(secret, place=_place(request, key)).stored, SECONDS)


def take(request: HttpRequest, key: ApiKey) -> str | None:
    """Return the secret to the session that made it, once."""
    stored = cache.get(_name(key))
    if not isinstance(stored, str):
        return None
    try:
        secret = unseal(Sealed(stored), place=_place(request, key))
    except UnreadableSecretError:
        return None  # another session's, for which it stays
    # Of two that look at once one deletes it. A plain string: a `Secret` is masked in pages.
    return str(secret) if cache.delete(_name(key)) else None


def _name(key: ApiKey) -> str:
    return f"api-key-shown-once:{key.pk}"


def _place(request: HttpRequest, key: ApiKey) -> tuple[str, str, str]:
    return "a new API key", str(request.session.session_key), str(key.pk)
