"""What a document is, by its bytes. Its name is only asked whether it agrees."""

import re
from pathlib import PurePath
from typing import Literal

from boundary.documents.errors import UnreadableDocument
from boundary.parsing.encodings import marked

Kind = Literal["pdf", "docx", "html", "text"]

_SUFFIXES: dict[str, Kind] = {
    ".pdf": "pdf",
    ".docx": "docx",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".txt": "text",
    ".md": "text",
    ".csv": "text",
}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_RTF = b"{\\rtf"
# Control characters that texts do without; tabs, ends of lines and pages are none of them.
_CONTROLS = bytes(set(range(32)) - {9, 10, 11, 12, 13, 27})
_MOST_CONTROLS = 0.01  # of the bytes looked at; a stray one is no reason
_LOOKED_AT = 4096
_PAGE = re.compile(
    r"\s*(?:<!--(?:(?!-->).)*-->\s*)*(?:<!doctype html|<(?:html|head|body|title|meta)\b)",
    re.IGNORECASE | re.DOTALL,
)


def kind_of(data: bytes) -> Kind:
    """Return what `data` is. Raises `UnreadableDocument`."""
    if not data.strip():
        raise UnreadableDocument("empty")
    if _is_pdf(data):
        return "pdf"
    if data.startswith(b"PK\x03\x04"):
        if b"word/" not in data:
            raise UnreadableDocument("binary")
        return "docx"
    if data.startswith(_OLE):
        raise UnreadableDocument("old_office")
    start = data[:_LOOKED_AT]
    encoding = marked(data)
    if data.startswith(_RTF) or (not encoding.startswith("utf-16") and _is_binary(start)):
        raise UnreadableDocument("binary")
    head = start.decode(encoding or "latin-1", "ignore")
    is_xhtml = head.lstrip().startswith("<?xml") and "<html" in head
    return "html" if is_xhtml or _PAGE.match(head) else "text"


def agrees(name: str, kind: Kind) -> bool:
    """Say whether a file called `name` may be of this kind; a page's source is text as well."""
    claimed = _SUFFIXES.get(PurePath(name).suffix.lower())
    return claimed in (None, kind) or {claimed, kind} == {"html", "text"}


def _is_pdf(data: bytes) -> bool:
    """Viewers take a kilobyte of anything before the mark; a text may only speak of it."""
    start = data[:1024]
    return start.lstrip().startswith(b"%PDF-") or (b"%PDF-" in start and b"startxref" in data)


def _is_binary(start: bytes) -> bool:
    controls = len(start) - len(start.translate(None, _CONTROLS))
    return b"\0" in start or controls > len(start) * _MOST_CONTROLS
