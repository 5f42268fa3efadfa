"""The text of a page of the web, fetched by the one client that may."""

import asyncio
from email.message import Message
from typing import TYPE_CHECKING

from yarl import URL

from boundary.documents.errors import UnreadableDocument
from boundary.documents.reading import Document, read_in_turn, turn

if TYPE_CHECKING:
    from boundary.egress.addresses import Rules
    from boundary.egress.fetch import Fetched

_MOST_BYTES = 5 * 2**20
_SECONDS = 15.0
# As browsers take what servers say: by the larger encoding that holds the one that is meant.
_ENCODINGS = {
    "iso-8859-1": "cp1252",
    "iso-8859-15": "iso8859-15",
    "iso-8859-2": "iso8859-2",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc-jp": "euc_jp",
    "euc-kr": "cp949",
    "koi8-r": "koi8-r",
    **{f"windows-{number}": f"cp{number}" for number in range(1250, 1259)},
}


def read_page(url: str, rules: "Rules | None" = None) -> Document:
    """Return the main text of the page at `url`. Blocking, for a thread without a loop.

    Whoever fetches has a turn already: slow pages shall not hold all threads. What an
    administrator's list opens is for providers, and not for whoever names a page. Raises
    `UnreadableDocument`.
    """
    with turn():
        fetched = _fetched(_ascii(url), rules)
        if fetched.status in (404, 410):
            raise UnreadableDocument("not_found")
        if fetched.status != 200:
            raise UnreadableDocument("unreachable")
        return read_in_turn("", _as_sent(fetched))


def _ascii(url: str) -> str:
    """Return an address as people read it (https://例え.jp/蜂) in the letters that are sent."""
    if url.isascii():
        return url
    try:
        return str(URL(url))
    except ValueError:
        raise UnreadableDocument("address") from None


def _as_sent(fetched: "Fetched") -> bytes:
    """Return the body in UTF-8 where the server says which other encoding its text is in."""
    told = Message()
    headers = {name.lower(): value for name, value in fetched.headers.items()}
    told["content-type"] = headers.get("content-type", "")
    encoding = _ENCODINGS.get(told.get_content_charset() or "")
    if encoding is None or told.get_content_maintype() != "text":
        return fetched.body
    try:
        fetched.body.decode()
    except UnicodeDecodeError:
        return fetched.body.decode(encoding, "replace").encode()
    return fetched.body  # many servers say what is not so


def _fetched(url: str, rules: "Rules | None") -> "Fetched":
    # Loaded when a page is asked for: it brings a whole HTTP client along.
    from boundary.egress.addresses import AddressNotAllowed, Rules
    from boundary.egress.fetch import FetchError, TooLarge, TooSlow, fetch
    from boundary.egress.urls import UrlNotAllowed

    rules = rules or Rules(heeds_list=False)
    try:
        return asyncio.run(fetch(url, rules=rules, max_bytes=_MOST_BYTES, max_seconds=_SECONDS))
    except UrlNotAllowed:
        raise UnreadableDocument("address") from None
    except AddressNotAllowed:
        raise UnreadableDocument("refused") from None
    except TooLarge:
        raise UnreadableDocument("too_large") from None
    except TooSlow:
        raise UnreadableDocument("slow_page") from None
    except FetchError:
        raise UnreadableDocument("unreachable") from None
