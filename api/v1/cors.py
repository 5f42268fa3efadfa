"""Which pages of other origins may ask /v1 from a browser: those that `API_CORS_ORIGINS` names.

A key in a header is all that counts here, and no cookie is ever looked at: so whichever headers a
page wants to send it may, and credentials of the browser's own are never allowed. To an origin that
is not named everything is answered as though there were no CORS (https://fetch.spec.whatwg.org).
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings

_METHODS = b"GET, POST"
_SECONDS = b"600"  # that a browser remembers the answer: a setting that was changed counts soon
_MOST_NAMES = 100
_NAME = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")  # a token of RFC 9110, 5.6.2
_EXPOSED = (
    "x-request-id", "x-causerie-deployment", "retry-after", "idempotent-replayed",
    *(f"x-ratelimit-{which}-{what}" for which in ("limit", "remaining", "reset")
      for what in ("requests", "tokens")),
)  # fmt: skip
_EXPOSE = (b"access-control-expose-headers", ", ".join(_EXPOSED).encode())

Headers = list[tuple[bytes, bytes]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


def preflight(scope: Any) -> Headers | None:
    """Return the headers that answer a browser's question whether it may ask; else `None`."""
    if scope["method"] != "OPTIONS":
        return None
    given = dict(scope["headers"])
    allowed = _origin(given.get(b"origin", b""))
    if not allowed or b"access-control-request-method" not in given:
        return None
    headers = [
        *allowed,
        (b"access-control-allow-methods", _METHODS),
        (b"access-control-max-age", _SECONDS),
    ]
    if names := _names(given.get(b"access-control-request-headers", b"")):
        headers.append((b"access-control-allow-headers", names))
    return headers + _varies()


def telling(scope: Any, send: Send) -> Send:
    """Return a `send` that adds to every answer, a refusal as well, who may read it."""
    allowed = _origin(dict(scope["headers"]).get(b"origin", b""))
    headers = [*allowed, *([_EXPOSE] if allowed else []), *_varies()]

    async def sending(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *headers]}
        await send(message)

    return sending


def _origin(asks: bytes) -> Headers:
    named = settings.API_CORS_ORIGINS
    if not asks or not ("*" in named or asks.decode("latin-1") in named):
        return []
    return [(b"access-control-allow-origin", b"*" if "*" in named else asks)]


def _names(asked: bytes) -> bytes:
    """Return the names of headers that a page wants to send: those that are names."""
    names = [name.strip() for name in asked.split(b",")]
    return b", ".join([name for name in names if _NAME.fullmatch(name)][:_MOST_NAMES])


def _varies() -> Headers:
    """Tell caches that another origin gets another answer."""
    return [] if "*" in settings.API_CORS_ORIGINS else [(b"vary", b"Origin")]
