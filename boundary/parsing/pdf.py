"""The text of a PDF, page by page."""

import io

import pypdf
from pypdf.errors import PyPdfError

from boundary.parsing.unreadable import Unreadable

MOST_PAGES = 5_000


def read(data: bytes) -> tuple[str, str]:
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
