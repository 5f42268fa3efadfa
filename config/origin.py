"""Sockets only from our own pages: a browser attaches the session cookie wherever it is asked.

The `Origin` must be one of `SOCKET_ORIGINS`, or name the very host that was asked, where that host
is one of ours. It is compared whole: a suffix, a missing header and `null` are refused with 403.
"""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import split_domain_port, validate_host

Scope = dict[str, Any]
Application = Callable[[Scope, Any, Any], Awaitable[None]]


class SameOrigin:
    """ASGI middleware around all sockets."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if not is_ours(dict(scope["headers"])):
            await receive()
            await send({"type": "websocket.close", "code": 4403})
            return
        await self.application(scope, receive, send)


async def nowhere(scope: Scope, receive: Any, send: Any) -> None:
    """Answer a socket at an address that is none."""
    await receive()
    await send({"type": "websocket.close", "code": 4404})


def is_ours(headers: dict[bytes, bytes]) -> bool:
    """Say whether a socket's request comes from a page of this installation."""
    origin = headers.get(b"origin", b"").decode("latin-1").lower()
    if origin in settings.SOCKET_ORIGINS:
        return True
    asked = headers.get(b"host", b"").decode("latin-1").lower()
    try:
        parts = urlsplit(origin)
    except ValueError:  # brackets that hold no address
        return False
    if parts.scheme not in ("http", "https") or parts.netloc != asked:
        return False
    return validate_host(split_domain_port(asked)[0], settings.ALLOWED_HOSTS)
