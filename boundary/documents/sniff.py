"""What a document is, by its bytes. Its name is only asked whether it agrees."""

from pathlib import PurePath
from typing import Literal

from boundary.documents.errors import UnreadableDocument

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
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
# Control characters that no text has; tabs, ends of lines and form feeds are fine.
_CONTROLS = bytes(set(range(32)) - {9, 10, 12, 13, 27})
_LOOKED_AT = 4096


def kind_of(data: bytes) -> Kind:
    """Return what `data` is. Raises `UnreadableDocument`."""
    if not data.strip():
        raise UnreadableDocument("empty")
    if b"%PDF-" in data[:1024]:
        return "pdf"
    if data.startswith(b"PK\x03\x04"):
        if b"word/" not in data:
            raise UnreadableDocument("binary")
        return "docx"
    if data.startswith(_OLE):
        raise UnreadableDocument("old_office")
    start = data[:_LOOKED_AT]
    if start.startswith(_UTF_16):
        return "text"
    if start.translate(None, _CONTROLS) != start:
        raise UnreadableDocument("binary")
    head = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return "html" if head.startswith((b"<!doctype html", b"<html", b"<?xml")) else "text"


def agrees(name: str, kind: Kind) -> bool:
    """Say whether a file called `name` may be of this kind; a page's source is text as well."""
    claimed = _SUFFIXES.get(PurePath(name).suffix.lower())
    return claimed in (None, kind) or {claimed, kind} == {"html", "text"}
