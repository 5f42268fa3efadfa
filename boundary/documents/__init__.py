"""Documents that people hand over: their text, whatever they are, and however they are meant.

`read_document` reads a file, `read_page` a page of the web. What parses them is a process of its
own with little memory and time, and nothing to steal (`boundary.parsing`).
"""

from boundary.documents.errors import UnreadableDocument
from boundary.documents.pages import read_page
from boundary.documents.reading import Document, read_document

__all__ = ["Document", "UnreadableDocument", "read_document", "read_page"]
