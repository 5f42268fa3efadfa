"""The text of each kind of document, as Markdown where it has headings and tables.

Only this package's own process imports it.
"""

import io
import re
import zipfile
from collections.abc import Callable, Iterator

import charset_normalizer
import docx
import pypdf
import trafilatura
from docx.table import Table
from docx.text.paragraph import Paragraph
from pypdf.errors import PyPdfError

MOST_PAGES = 5_000
_MOST_UNPACKED = 100 * 2**20
_HEADING = re.compile(r"Heading (\d)")


class Unreadable(Exception):
    """The word of `boundary.documents.errors` is its argument."""


def _pdf(data: bytes) -> tuple[str, str]:
    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise Unreadable("encrypted")
        if len(reader.pages) > MOST_PAGES:
            raise Unreadable("too_much")
        text = "\n\n".join(page.extract_text().strip() for page in reader.pages)
        title = str((reader.metadata and reader.metadata.title) or "")
    except (PyPdfError, ValueError, TypeError, KeyError, AttributeError, IndexError):
        raise Unreadable("broken") from None
    return text, title


def _docx(data: bytes) -> tuple[str, str]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(each.file_size for each in packed.infolist()) > _MOST_UNPACKED:
                raise Unreadable("too_much")
        document = docx.Document(io.BytesIO(data))
        text = "\n\n".join(_blocks(document))
        title = document.core_properties.title
    except (zipfile.BadZipFile, ValueError, KeyError, SyntaxError, NotImplementedError):
        raise Unreadable("broken") from None
    return text, title


def _blocks(document: "docx.document.Document") -> Iterator[str]:
    for block in document.iter_inner_content():
        if isinstance(block, Table):
            yield _table(block)
        elif isinstance(block, Paragraph) and block.text.strip():
            style = (block.style.name if block.style is not None else "") or ""
            level = _HEADING.match(style)
            mark = "#" * int(level[1]) + " " if level else "- " if "List" in style else ""
            yield mark + block.text.strip()


def _table(table: Table) -> str:
    rows = [_row([cell.text for cell in row.cells]) for row in table.rows]
    return "\n".join([*rows[:1], _row(["---"] * len(table.columns)), *rows[1:]])


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


def _html(data: bytes) -> tuple[str, str]:
    found = trafilatura.extract(
        data, output_format="markdown", include_tables=True, include_comments=False
    )
    metadata = trafilatura.extract_metadata(data)
    text = found or trafilatura.html2txt(data)
    return text, (metadata.title if metadata else "") or ""


def _text(data: bytes) -> tuple[str, str]:
    try:
        return data.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        found = charset_normalizer.from_bytes(data).best()
        if found is None:
            raise Unreadable("binary") from None
        return str(found), ""


_READERS: dict[str, Callable[[bytes], tuple[str, str]]] = {
    "pdf": _pdf,
    "docx": _docx,
    "html": _html,
    "text": _text,
}


def text_of(data: bytes, kind: str) -> tuple[str, str]:
    """Return the text and the title of a document. Raises `Unreadable`."""
    text, title = _READERS[kind](data)
    text = re.sub(r"\n{3,}", "\n\n", text.replace("\r\n", "\n").replace("\x00", "")).strip()
    if not text:
        raise Unreadable("no_text")
    return text, " ".join(title.split())
