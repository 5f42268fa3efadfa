"""Sessions in Postgres, where ending one is a deleted row that every process sees."""

from django.contrib.sessions.backends.base import VALID_KEY_CHARS
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

_LENGTH = 32


class SessionStore(DatabaseStore):
    """Refuses, before asking the database, a key that Django cannot have made.

    A cookie may carry anything, NUL included, which Postgres answers with an error.
    """

    def _validate_session_key(self, key: str | None) -> bool:
        return key is not None and len(key) == _LENGTH and set(key) <= set(VALID_KEY_CHARS)
