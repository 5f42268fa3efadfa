"""`Idempotency-Key`: a request that is made again has the same answer, and is paid once.

The first with a key is answered, also to its end where its program went away, and the answer is
kept for a day. What was refused cost nothing and is not kept: the same key may try again.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field

import structlog
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.crypto import salted_hmac

from api import actions
from api.models import KeptAnswer
from api.v1.callers import Caller
from api.v1.refusals import Refused, invalid
from api.v1.responses import DEPLOYMENT, AnswerStream, Streamed
from boundary.encryption import Secret, UnreadableSecretError
from runs.threads import in_thread

log = structlog.get_logger(__name__)
HEADER = "Idempotency-Key"
MOST_KEPT = 8 * 2**20  # bytes of an answer: one with pictures, too
RENEWED_EVERY = 10.0  # seconds
_NAME = re.compile(r"[!-~]{1,255}")


async def answered_once(
    request: HttpRequest, caller: Caller, answer: Callable[[], Awaitable[HttpResponseBase]]
) -> HttpResponseBase:
    """Return what `answer` gives, or gave to the same request before. Raises `Refused`."""
    name = request.headers.get(HEADER)
    if name is None:
        return await answer()
    if not _NAME.fullmatch(name):
        message = f"Invalid '{HEADER}': expected 1 to 255 visible ASCII characters."
        raise invalid(message, code="invalid_idempotency_key")
    kept, is_ours = await in_thread(_claim, caller, name, request)
    if not is_ours:
        return _again(kept)
    claim = _Claim(kept)
    try:
        response = await answer()
        if isinstance(response, AnswerStream):
            response.answer = Recorded(response.answer, claim, response)
        elif isinstance(response, HttpResponse):
            await claim.keep(response.content, response)
            await claim.end()
    except BaseException:
        await claim.end()
        raise
    return response


def _claim(caller: Caller, name: str, request: HttpRequest) -> tuple[KeptAnswer, bool]:
    asked = _digest(request.path.encode() + b"\0" + request.body)
    kept, is_ours = actions.claim_answer(caller.key, _digest(name.encode()), asked)
    if bytes(kept.request_digest) != asked:
        message = f"The same '{HEADER}' came with another request before: it needs one of its own."
        raise Refused(400, message, "idempotency_error", "idempotency_key_reused")
    return kept, is_ours


def _digest(value: bytes) -> bytes:
    return salted_hmac("api.v1.idempotency", value, algorithm="sha256").digest()


def _again(kept: KeptAnswer) -> HttpResponse:
    """Return a kept answer. Raises `Refused` where there is none, yet or any more."""
    if kept.is_running:
        message = f"The first request with this '{HEADER}' is still being answered."
        raise _conflict(message, "idempotency_key_in_use", {"Retry-After": "1"})
    try:
        body = kept.body
    except UnreadableSecretError:  # its master key is gone
        body = Secret()
    if not body:
        message = "The request was answered already, and its answer could not be kept."
        # The official packages would come again, for nothing.
        raise _conflict(message, "idempotent_answer_not_kept", {"x-should-retry": "false"})
    headers = {"idempotent-replayed": "true", "Cache-Control": "no-cache"}
    if kept.deployment:
        headers[DEPLOYMENT] = kept.deployment
    return HttpResponse(body.encode(), content_type=kept.content_type, headers=headers)


def _conflict(message: str, code: str, headers: dict[str, str]) -> Refused:
    return Refused(409, message, "idempotency_error", code, headers=headers)


class _Claim:
    """The right to give an answer, renewed for as long as that takes."""

    def __init__(self, kept: KeptAnswer) -> None:
        self._kept = kept
        self._is_open = True
        self._renewing = asyncio.create_task(self._renew())

    async def keep(self, body: bytes | None, response: HttpResponseBase) -> None:
        await asyncio.shield(in_thread(self._keep, body, response))
        self._is_open = False

    async def end(self) -> None:
        """Give up what was not kept."""
        self._renewing.cancel()
        if self._is_open:
            self._is_open = False
            await asyncio.shield(in_thread(actions.give_up_answer, self._kept))

    def _keep(self, body: bytes | None, response: HttpResponseBase) -> None:
        try:
            text = body.decode() if body is not None and len(body) <= MOST_KEPT else ""
        except UnicodeDecodeError:
            text = ""
        kind, deployment = response["Content-Type"], response.get(DEPLOYMENT, "")
        actions.keep_answer(self._kept, text, kind, deployment)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEWED_EVERY)
            try:
                await in_thread(actions.renew_claim, self._kept)
            except Exception as error:  # the next renewal comes before the lease ends
                log.warning("v1_claim_not_renewed", reason=type(error).__name__)


@dataclass(eq=False)
class Recorded:
    """A streamed answer that is kept as it goes out: before its end is sent."""

    answer: Streamed
    claim: _Claim
    response: AnswerStream
    _size: int = 0
    _seen: list[bytes] = field(default_factory=list)

    async def parts(self) -> AsyncGenerator[bytes, None]:
        async with aclosing(self.answer.parts()) as parts:
            async for part in parts:
                self._record(part)
                yield part
        body = b"".join(self._seen) if self._size <= MOST_KEPT else None
        await self.claim.keep(body, self.response)

    async def close(self) -> None:
        try:
            await self.answer.close()
        finally:
            await self.claim.end()

    def _record(self, part: bytes) -> None:
        self._size += len(part)
        if self._size <= MOST_KEPT:
            self._seen.append(part)
        else:
            self._seen.clear()
