"""An httpx2 client on the checked connector, bound to one origin.

For packages that bring their own client and accept a transport. The answer's aiohttp response is
in `response.extensions["aiohttp_response"]`: reading that is several times cheaper than the
layers above it.
"""

from collections.abc import AsyncIterator

import aiohttp
import httpx2
from aiohttp.abc import AbstractResolver
from yarl import URL

from boundary.egress.addresses import Rules, connector, refusal
from boundary.egress.urls import UrlNotAllowed, check_url, origin

_MAX_ERROR_BYTES = 64 * 2**10
_DECODED = {b"content-encoding", b"content-length", b"transfer-encoding"}


def client(
    base_url: str,
    rules: Rules,
    *,
    connect_seconds: float,
    limit: int = 500,
    resolver: AbstractResolver | None = None,
) -> httpx2.AsyncClient:
    """Return a client that calls only the origin of `base_url`, and never follows a redirect.

    Only connecting is bounded in time; the caller bounds the rest. Use it on one event loop.

    TLS connections are kept for the next call. Plain ones cost nothing to open, and some servers
    close theirs after an answer although they said that they would not (llama.cpp after a stream):
    a next call that is not repeatable would be lost on it.
    """
    url = check_url(base_url)
    reuse = url.scheme == "https"
    transport = _OriginTransport(
        origin(url),
        aiohttp.ClientSession(
            connector=connector(rules, limit=limit, reuse=reuse, resolver=resolver),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect_seconds),
            trust_env=False,
        ),
    )
    return httpx2.AsyncClient(
        transport=transport, trust_env=False, follow_redirects=False, timeout=None
    )


class _OriginTransport(httpx2.AsyncBaseTransport):
    def __init__(self, allowed: str, session: aiohttp.ClientSession) -> None:
        self._allowed = allowed
        self._session = session

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        url = URL(str(request.url))
        if origin(url) != self._allowed:
            raise UrlNotAllowed("this client calls another origin")
        try:
            response = await self._session.request(
                request.method,
                url,
                headers=request.headers,
                data=await request.aread(),
                allow_redirects=False,
            )
        except (aiohttp.ClientError, OSError) as error:
            raise _translated(error) from error
        headers = [each for each in response.raw_headers if each[0].lower() not in _DECODED]
        return httpx2.Response(
            status_code=response.status,
            headers=headers,
            stream=_Body(response),
            request=request,
            extensions={"aiohttp_response": response},
        )

    async def aclose(self) -> None:
        await self._session.close()


class _Body(httpx2.AsyncByteStream):
    """The decompressed body; of an error's only the beginning, since its size is not ours."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = _MAX_ERROR_BYTES if self._response.status >= 400 else None
        try:
            async for part in self._response.content.iter_any():
                yield part if left is None else part[:left]
                if left is not None:
                    left -= len(part)
                    if left <= 0:
                        return
        except (aiohttp.ClientError, OSError) as error:
            raise httpx2.ReadError(type(error).__name__) from error

    async def aclose(self) -> None:
        self._response.close() if not self._response.content.at_eof() else self._response.release()


def _translated(error: Exception) -> Exception:
    refused = refusal(error)
    if refused:
        return refused
    if isinstance(error, TimeoutError):
        return httpx2.ConnectTimeout("no connection in time")
    if isinstance(error, aiohttp.ClientConnectorError):
        return httpx2.ConnectError(type(error).__name__)
    return httpx2.ReadError(type(error).__name__)
