"""The body of a request, bounded in bytes and time before anything looks at it."""

import asyncio
from typing import Any

from django.core.exceptions import RequestAborted

SECONDS = 60.0


class TooLarge(Exception):
    """More than is taken was announced or sent; what still comes is not read."""


async def read_body(scope: Any, receive: Any, most: int) -> bytes:
    """Return the body of an HTTP request over ASGI, of `most` bytes.

    Raises `TooLarge` as soon as that is known, `TimeoutError`, and Django's `RequestAborted` where
    the client went away.
    """
    stated = dict(scope["headers"]).get(b"content-length", b"")
    if stated.isdigit() and (len(stated) >= 20 or int(stated) > most):
        raise TooLarge
    size, parts = 0, []
    async with asyncio.timeout(SECONDS):
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise RequestAborted
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > most:
                raise TooLarge
            if not message.get("more_body", False):
                return b"".join(parts)
