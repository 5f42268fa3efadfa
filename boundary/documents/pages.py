"""The text of a page of the web, fetched by the one client that may."""

import asyncio
from typing import TYPE_CHECKING

from boundary.documents.errors import UnreadableDocument
from boundary.documents.reading import Document, read_document

if TYPE_CHECKING:
    from boundary.egress.addresses import Rules
    from boundary.egress.fetch import Fetched

_MOST_BYTES = 5 * 2**20
_SECONDS = 15.0


def read_page(url: str, rules: "Rules | None" = None) -> Document:
    """Return the main text of the page at `url`. Blocking, for a thread without a loop.

    Raises `UnreadableDocument`.
    """
    fetched = _fetched(url, rules)
    if fetched.status in (404, 410):
        raise UnreadableDocument("not_found")
    if fetched.status != 200:
        raise UnreadableDocument("unreachable")
    return read_document("", fetched.body)


def _fetched(url: str, rules: "Rules | None") -> "Fetched":
    # Loaded when a page is asked for: it brings a whole HTTP client along.
    from boundary.egress.addresses import AddressNotAllowed
    from boundary.egress.fetch import FetchError, TooLarge, TooSlow, fetch
    from boundary.egress.urls import UrlNotAllowed

    try:
        return asyncio.run(fetch(url, rules=rules, max_bytes=_MOST_BYTES, max_seconds=_SECONDS))
    except UrlNotAllowed:
        raise UnreadableDocument("address") from None
    except AddressNotAllowed:
        raise UnreadableDocument("refused") from None
    except TooLarge:
        raise UnreadableDocument("too_large") from None
    except TooSlow:
        raise UnreadableDocument("too_slow") from None
    except FetchError:
        raise UnreadableDocument("unreachable") from None
