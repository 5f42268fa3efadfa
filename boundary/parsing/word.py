"""The text of a Word file, as Markdown: headings, lists and tables are kept."""

import io
import re
import zipfile
from collections.abc import Iterator

import docx
from docx.table import Table
from docx.text.paragraph import Paragraph

from boundary.parsing.unreadable import Unreadable

_MOST_UNPACKED = 100 * 2**20
_MOST_COLUMNS = 63  # Word makes no more; each that a cell spans is read as one more cell
_HEADING = re.compile(r"Heading (\d)")
_DEEPEST = 6  # of Markdown's headings


def read(data: bytes) -> tuple[str, str]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(each.file_size for each in packed.infolist()) > _MOST_UNPACKED:
                raise Unreadable("too_much")
        document = docx.Document(io.BytesIO(data))
        spans = document.element.xpath("//w:gridSpan/@w:val")
        if any(int(span) > _MOST_COLUMNS for span in spans):
            raise Unreadable("too_much")
        text = "\n\n".join(_blocks(document))
        title = document.core_properties.title
    except (zipfile.BadZipFile, ValueError, KeyError, SyntaxError, NotImplementedError):
        raise Unreadable("broken") from None
    return text, title


def _blocks(document: "docx.document.Document") -> Iterator[str]:
    # `paragraph.style` looks through all styles of the document, each time.
    marks = {style.style_id: _mark(style.name or "") for style in document.styles}
    for block in document.iter_inner_content():
        if isinstance(block, Table):
            yield _table(block)
        elif isinstance(block, Paragraph) and (text := block.text.strip()):
            yield marks.get(block._p.style, "") + text


def _mark(style: str) -> str:
    """Return what a paragraph of this style begins with."""
    level = _HEADING.match(style)
    if level:
        return "#" * min(int(level[1]), _DEEPEST) + " "
    return "- " if "List" in style else ""


def _table(table: Table) -> str:
    rows = [_row(_texts(row)) for row in table.rows]
    return "\n".join([*rows[:1], _row(["---"] * len(table.columns)), *rows[1:]])


def _texts(row: "docx.table._Row") -> list[str]:
    """Return a text for each column; one that spans several is read once."""
    cells = row.cells
    read = {cell: cell.text for cell in dict.fromkeys(cells)}
    return [read[cell] for cell in cells]


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"
