"""Servers that speak OpenAI's chat completions API."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
import httpx2
import openai

from boundary.egress.addresses import AddressNotAllowed
from boundary.egress.urls import UrlNotAllowed
from boundary.encryption import UnreadableSecretError
from boundary.storable import storable
from providers import errors
from providers.backends.clients import Target, borrowed
from providers.backends.deadlines import Deadlines, Watch
from providers.backends.dialect import CHAT, COMPLETIONS, dialect_of
from providers.backends.failures import from_event, from_status, redacted, without_key
from providers.backends.reading import (
    StreamReader,
    message_of,
    parse_object,
    reason_of,
    text_of,
    usage_of,
)
from providers.backends.relay import StreamRelay, as_stream, whole_answer
from providers.models import Credential, ModelSpec
from providers.values import Delta, Part, Prompt, Wire

# Bytes of one answer, beyond any model's: 2,048 embeddings of 3,072 numbers are half of it.
_MOST_ANSWER = 64 * 2**20
_END_SECONDS = 0.05  # for the end of the body after [DONE], so that the connection can be kept


def backend_for(spec: ModelSpec, credential: Credential | None) -> "OpenAIBackend":
    """Return the backend for `spec`; raise `AuthenticationFailed` when the key is unreadable."""
    provider = spec.provider
    try:
        secret = credential.secret if credential else ""
    except UnreadableSecretError:
        raise errors.AuthenticationFailed("the stored key cannot be decrypted") from None
    return OpenAIBackend(
        target=Target(
            provider.pk,
            provider.base_url,
            secret,
            provider.allow_private or provider.is_embedded,
            provider.kind,
            credential.pk if credential else None,
        ),
        model=spec.name,
        deadlines=Deadlines(
            provider.first_token_seconds, provider.idle_seconds, provider.total_seconds
        ),
    )


@dataclass(frozen=True, slots=True)
class OpenAIBackend:
    """Calls one model of one server. See `providers.backends.Backend`."""

    target: Target
    model: str
    deadlines: Deadlines

    async def stream(self, prompt: Prompt, *, request_id: str) -> AsyncGenerator[Delta, None]:
        started = asyncio.get_running_loop().time()
        with borrowed(self.target) as client:
            response = await self._open(client, prompt, request_id, stream=True)
            watch = Watch(self.deadlines, started, response.close)
            try:
                if response.content_type == "application/json":  # a server that does not stream
                    yield _whole(await _rest(response, watch))
                    return
                answer = _Answer(response, watch)
                while delta := await answer.next():
                    yield delta
            except errors.ProviderError as error:
                error.detail = redacted(error.detail, self.target.secret)
                raise
            finally:
                watch.stop()
                response.close()  # a connection read to its end is in the pool already

    async def complete(self, prompt: Prompt, *, request_id: str) -> Delta:
        started = asyncio.get_running_loop().time()
        with borrowed(self.target) as client:
            response = await self._open(client, prompt, request_id, stream=False)
            watch = Watch(self.deadlines, started, response.close)
            try:
                return _whole(await _rest(response, watch))
            except errors.ProviderError as error:
                error.detail = redacted(error.detail, self.target.secret)
                raise
            finally:
                watch.stop()
                response.close()

    async def relay(self, wire: Wire, *, request_id: str) -> AsyncGenerator[Part, None]:
        secret = str(self.target.secret)  # a `Secret` masks itself
        started = asyncio.get_running_loop().time()
        with borrowed(self.target) as client:
            response = await self._open_wire(client, wire, request_id)
            watch = Watch(self.deadlines, started, response.close)
            try:
                if not wire.is_stream:
                    yield without_key(whole_answer(await _rest(response, watch)), secret)
                elif response.content_type == "application/json":
                    body = await _rest(response, watch)
                    whole = as_stream(body, drops_usage=not wire.wants_usage)
                    yield without_key(whole, secret)
                else:
                    stream = StreamRelay(not wire.wants_usage, wire.choices)
                    async for part in _relayed(response, watch, stream):
                        yield without_key(part, secret)
            except errors.ProviderError as error:
                error.detail = redacted(error.detail, self.target.secret)
                raise
            finally:
                watch.stop()
                response.close()

    async def _open(
        self, client: openai.AsyncOpenAI, prompt: Prompt, request_id: str, *, stream: bool
    ) -> aiohttp.ClientResponse:
        dialect = dialect_of(self.target.base_url, self.model)
        return await self._ask(
            client,
            COMPLETIONS if prompt.completes else CHAT,
            request_id,
            lambda: dialect.body(self.model, prompt, stream=stream),
            dialect.learn,
        )

    async def _open_wire(
        self, client: openai.AsyncOpenAI, wire: Wire, request_id: str
    ) -> aiohttp.ClientResponse:
        dialect = dialect_of(self.target.base_url, self.model)
        return await self._ask(
            client,
            wire.path,
            request_id,
            lambda: dialect.wire(self.model, wire),
            dialect.learn_of_ours,
        )

    async def _ask(
        self,
        client: openai.AsyncOpenAI,
        path: str,
        request_id: str,
        body_now: Callable[[], dict[str, Any]],
        learn: Callable[[str, dict[str, Any]], bool],
    ) -> aiohttp.ClientResponse:
        """Send the request; return the answer when its head says that it is one.

        A server that refuses a parameter of ours is asked once more without it: nothing was
        answered or charged, and the server's dialect is known from then on.
        """
        while True:
            body = body_now()
            try:
                return await self._post(client, path, body, request_id)
            except errors.BadRequest as error:
                if type(error) is not errors.BadRequest or not learn(error.detail, body):
                    raise

    async def _post(
        self, client: openai.AsyncOpenAI, path: str, body: dict[str, Any], request_id: str
    ) -> aiohttp.ClientResponse:
        headers = {"X-Client-Request-Id": request_id, "Accept-Encoding": "identity"}
        limits = self.deadlines
        # The head of an answer that does not stream comes when all of it is written.
        seconds = min(limits.first_token, limits.total) if body.get("stream") else limits.total
        try:
            async with asyncio.timeout(seconds):
                response = await client.post(
                    path,
                    cast_to=httpx2.Response,
                    body=body,
                    options={"headers": headers},
                    stream=True,
                    stream_cls=openai.AsyncStream[Any],
                )
        except TimeoutError:
            raise errors.FirstTokenTimeout from None
        except UnicodeEncodeError:
            raise errors.BadRequest("the prompt is not valid Unicode") from None
        except (openai.APIError, AddressNotAllowed, UrlNotAllowed) as error:
            raise _failure(error, self.target.secret) from None
        opened: aiohttp.ClientResponse = response.extensions["aiohttp_response"]  # type: ignore[attr-defined]
        return opened


class _Answer:
    """A streamed answer being read."""

    def __init__(self, response: aiohttp.ClientResponse, watch: Watch) -> None:
        self._response = response
        self._watch = watch
        self._reader = StreamReader()
        self._size = 0

    async def next(self) -> Delta | None:
        """Return the next delta; None when the answer is whole."""
        reader = self._reader
        try:
            while not reader.ended and not reader.failure:
                part = await _read(self._response, self._watch)
                delta = reader.feed(part) if part else reader.end()
                self._note(len(part))
                if delta is not None or not part:
                    return delta
            if reader.failure:
                raise reader.failure
        except errors.ProviderError:
            if reader.finished:
                return None  # the answer is whole: only what follows one is missing
            raise
        await self._end()
        return None

    def _note(self, size: int) -> None:
        if self._reader.alive:
            self._watch.alive()
            if self._reader.finished:
                self._watch.closing()
        self._size += size
        if self._size > _MOST_ANSWER:
            raise errors.BadResponse("the answer is too large")

    async def _end(self) -> None:
        if not self._reader.finished:
            raise errors.StreamCut("[DONE] without a finish_reason")
        await _to_the_end(self._response, self._watch)


async def _relayed(
    response: aiohttp.ClientResponse, watch: Watch, stream: StreamRelay
) -> AsyncGenerator[Part, None]:
    """Yield what may be passed on of a streamed answer."""
    size = 0
    try:
        while not stream.ended and (data := await _read(response, watch)):
            size += len(data)
            if size > _MOST_ANSWER:
                raise errors.BadResponse("the answer is too large")
            if b"data:" in data:  # more than a comment that keeps the connection open
                watch.alive()
            if part := stream.feed(data):
                if stream.outcome:
                    watch.closing()
                yield part
            if stream.failure:
                raise stream.failure
    except errors.ProviderError:
        if not stream.outcome:
            raise
        # The answer is whole: only what follows one is missing.
    if part := stream.end():
        yield part
    await _to_the_end(response, watch)


async def _to_the_end(response: aiohttp.ClientResponse, watch: Watch) -> None:
    """Wait a moment for the end of the body, so that the connection can be kept."""
    if not response.content.is_eof():
        with contextlib.suppress(TimeoutError, errors.ProviderError):
            async with asyncio.timeout(_END_SECONDS):
                await _read(response, watch)


async def _read(response: aiohttp.ClientResponse, watch: Watch) -> bytes:
    """Return what one read from the network brought; nothing at the end of the body."""
    try:
        return await response.content.readany()
    except (aiohttp.ClientError, OSError, RuntimeError) as error:
        if watch.expired:
            raise watch.expired from None
        raise errors.StreamCut(type(error).__name__) from None


async def _rest(response: aiohttp.ClientResponse, watch: Watch) -> bytes:
    body = bytearray()
    while part := await _read(response, watch):
        body += part
        if len(body) > _MOST_ANSWER:
            raise errors.BadResponse("the answer is too large")
    return bytes(body)


def _whole(body: bytes) -> Delta:
    """Return the answer in the body of a call that does not stream."""
    given = parse_object(body)
    if given.get("error"):
        raise from_event(given)
    choices = given.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise errors.BadResponse("no choices")
    message, reason = message_of(choices[0]), choices[0].get("finish_reason")
    if message is None:
        raise errors.BadResponse("no message")
    if not reason:
        raise errors.StreamCut("no finish_reason")
    return Delta(storable(text_of(message)), reason_of(reason), usage_of(given.get("usage")))


def _failure(
    error: openai.APIError | AddressNotAllowed | UrlNotAllowed, secret: str
) -> errors.ProviderError:
    if isinstance(error, AddressNotAllowed | UrlNotAllowed):
        return errors.AddressRefused(str(error))
    if isinstance(error, openai.APIStatusError):
        response = error.response
        try:
            body: object = parse_object(response.content)
        except errors.BadResponse:
            body = response.text
        return from_status(response.status_code, body, response.headers, secret)
    if isinstance(error, openai.APITimeoutError):
        return errors.ConnectTimeout()
    return errors.ConnectionFailed(type(error.__cause__).__name__)
