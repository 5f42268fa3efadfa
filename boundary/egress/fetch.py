"""One bounded request to an address that somebody named."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from boundary.egress.addresses import AddressNotAllowed, Rules, connector, refusal
from boundary.egress.urls import UrlNotAllowed, check_url, origin

_REDIRECTS = {301, 302, 303, 307, 308}


class FetchError(Exception):
    """The request failed; the message is for logs."""


class TooLarge(FetchError):
    """The answer has more bytes than allowed."""


class BrokenOff(FetchError):
    """The connection was lost in the middle of the answer."""


class TooSlow(FetchError):
    """The answer took longer than allowed."""


class TooManyHops(FetchError):
    """The address redirects more often than allowed."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer: the URL that gave it (after redirects), status, headers and whole body."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes


async def fetch(
    url: str,
    *,
    rules: Rules | None = None,
    credential: Mapping[str, str] | None = None,
    max_bytes: int = 2 * 2**20,
    max_seconds: float = 10,
    max_hops: int = 3,
    resolver: AbstractResolver | None = None,
) -> Fetched:
    """GET `url`, following at most `max_hops` redirects, each checked like the first address.

    `credential`, headers that hold a secret, goes to the origin of `url` only. `max_bytes`
    bounds the decompressed body, `max_seconds` the whole of it. Raises `UrlNotAllowed`,
    `AddressNotAllowed` or `FetchError`.
    """
    target = check_url(url)
    home = origin(target)
    try:
        async with (
            asyncio.timeout(max_seconds),
            aiohttp.ClientSession(
                connector=connector(rules or Rules(), resolver=resolver),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None),
                trust_env=False,
            ) as session,
        ):
            for _ in range(max_hops + 1):
                secret = credential if origin(target) == home else None
                found = await _hop(session, target, secret or {}, max_bytes)
                if isinstance(found, Fetched):
                    return found
                target = found
    except TimeoutError:
        raise TooSlow(f"{target.host} took longer than {max_seconds} s") from None
    except aiohttp.ClientPayloadError:
        raise BrokenOff(f"{target.host} did not send all of its answer") from None
    except (aiohttp.ClientError, OSError) as error:
        refused = refusal(error)
        if refused:
            raise AddressNotAllowed(*refused.args) from None
        raise FetchError(f"{target.host}: {type(error).__name__}") from None
    raise TooManyHops(f"more than {max_hops} redirects")


async def _hop(
    session: aiohttp.ClientSession, target: URL, credential: Mapping[str, str], max_bytes: int
) -> Fetched | URL:
    """Return the answer of `target`, or where it redirects to."""
    async with session.get(target, headers=credential, allow_redirects=False) as response:
        location = response.headers.get("Location")
        if response.status in _REDIRECTS and location:
            return _next_hop(target, location)
        body = bytearray()
        async for part in response.content.iter_any():
            body += part
            if len(body) > max_bytes:
                raise TooLarge(f"{target.host} sent more than {max_bytes} bytes")
        return Fetched(str(target), response.status, dict(response.headers), bytes(body))


def _next_hop(target: URL, location: str) -> URL:
    try:
        joined = target.join(URL(location))
    except ValueError:
        raise UrlNotAllowed("redirected to something that is not a URL") from None
    return check_url(str(joined))
