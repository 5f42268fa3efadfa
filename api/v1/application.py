"""/v1 as an ASGI application of its own, beside the pages.

Its views are async and stream for minutes: on the loop of the process, not in the threads that
answer pages. Sessions, cookies and CSRF have no place here, since only a key in a header counts.
"""

import asyncio
import io
import uuid
from contextlib import aclosing, suppress
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIRequest
from django.http.response import HttpResponseBase
from django.urls import get_resolver

from api.v1 import cors
from api.v1.asked import MOST_BYTES
from api.v1.idempotency import HEADER
from api.v1.refusals import Refused
from api.v1.responses import AnswerStream, Streamed
from boundary import bodies

log = structlog.get_logger(__name__)
_URLS = "api.v1.urls"


def is_api(scope: Any) -> bool:
    """Say whether a request is for this application."""
    return scope["type"] == "http" and f"{scope['path']}/".startswith("/v1/")


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answer whatever is below /v1; every error in OpenAI's shape."""
    if settings.API_CORS_ORIGINS:
        if (allowed := cors.preflight(scope)) is not None:
            await _send_allowed(allowed, send)
            return
        send = cors.telling(scope, send)
    request_id = f"req_{uuid.uuid4().hex}"
    try:
        body = await bodies.read_body(scope, receive, MOST_BYTES)
    except RequestAborted:
        return
    except (bodies.TooLarge, TimeoutError) as error:
        await _send(_unread(error).response(), request_id, send)
        return
    request = ASGIRequest(scope, io.BytesIO(body))
    answering = asyncio.ensure_future(_answer(request, request_id, send))
    leaving = asyncio.ensure_future(receive())  # nothing but the program's leave can come
    try:
        await asyncio.wait([answering, leaving], return_when=asyncio.FIRST_COMPLETED)
        if HEADER in request.headers:  # whoever comes again finds the answer
            await asyncio.wait([answering])
    finally:
        leaving.cancel()
        if not answering.done():
            answering.cancel()
        with suppress(asyncio.CancelledError):
            await answering


async def _send_allowed(headers: cors.Headers, send: Any) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body"})


async def _answer(request: ASGIRequest, request_id: str, send: Any) -> None:
    try:
        match = get_resolver(_URLS).resolve(request.path_info)
        response = await match.func(request, *match.args, **match.kwargs)
    except Refused as refused:
        response = refused.response()
    except Exception:
        log.exception("v1_failed", request_id=request_id)
        response = Refused(500, "The server had an error.", "server_error").response()
    await _send(response, request_id, send)


def _unread(error: Exception) -> Refused:
    """Refuse a body of which more may come: the connection cannot be used again."""
    closes = {"Connection": "close"}
    if isinstance(error, TimeoutError):
        return Refused(408, "The request did not arrive in time.", headers=closes)
    message = f"The request is too large: at most {MOST_BYTES // 2**20} MiB are taken."
    return Refused(413, message, headers=closes)


async def _send(response: HttpResponseBase, request_id: str, send: Any) -> None:
    headers = [(name.encode(), value.encode("latin-1")) for name, value in response.items()]
    headers += [(b"x-request-id", request_id.encode()), (b"x-content-type-options", b"nosniff")]
    start = {"type": "http.response.start", "status": response.status_code, "headers": headers}
    if isinstance(response, AnswerStream):
        await _send_stream(response.answer, start, send)
        return
    content = getattr(response, "content", b"")
    headers.append((b"content-length", str(len(content)).encode()))
    await send(start)
    await send({"type": "http.response.body", "body": content})


async def _send_stream(answer: Streamed, start: dict[str, Any], send: Any) -> None:
    try:
        await send(start)
        async with aclosing(answer.parts()) as parts:
            async for part in parts:
                await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body"})
    finally:
        await answer.close()
