"""The text of each kind of document. Only this package's own process imports it."""

import re
from importlib import import_module

from boundary.parsing.encodings import decoded
from boundary.parsing.unreadable import Unreadable

_READERS = {"pdf": "pdf", "docx": "word", "html": "web"}  # each brings a library along
_LONGEST_TITLE = 300


def text_of(data: bytes, kind: str) -> tuple[str, str]:
    """Return the text and the title of a document. Raises `Unreadable`."""
    if kind == "text":
        text, title = _plain(data), ""
    else:
        text, title = import_module(f"boundary.parsing.{_READERS[kind]}").read(data)
    text = re.sub(r"\n{3,}", "\n\n", text.replace("\r\n", "\n").replace("\x00", "")).strip()
    if not text:
        raise Unreadable("no_text")
    return text, " ".join(title.split())[:_LONGEST_TITLE]


def _plain(data: bytes) -> str:
    text = decoded(data)
    if text is None:
        raise Unreadable("binary")
    return text
