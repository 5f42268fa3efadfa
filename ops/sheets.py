"""Tables as CSV, for spreadsheets: RFC 4180 in UTF-8, with the mark that they know it by.

And files of any length, sent as they are read.
"""

import csv
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from itertools import islice
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connection
from django.http import StreamingHttpResponse

_MARK = "\ufeff"
# A spreadsheet takes a cell that begins so for a formula, and a formula may send cells elsewhere;
# the wide ones are as good in East Asia. Where a comma is a decimal point, a semicolon, a tab or a
# line's end within what somebody wrote begins a cell, too, whatever quotes are around it.
_SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20"
_FORMULA = re.compile(rf"^(?=[{_SIGNS}\t\r\n])|(?<=[;\t\r\n])(\"*)(?=[{_SIGNS}])")
_AT_ONCE = 500  # lines of one part


class _Line:
    """What `csv` writes to: hands each line back."""

    def write(self, line: str) -> str:
        return line


def lines(rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    """Yield the lines of a table; of each cell its text, which is never a formula's."""
    writer = csv.writer(_Line())
    yield _MARK
    for row in rows:
        yield writer.writerow([_cell(each) for each in row])


def csv_response(name: str, rows: Iterable[Iterable[Any]]) -> StreamingHttpResponse:
    """Return a table as a file of that name (without `.csv`; ASCII), line by line."""
    return file_response(f"{name}.csv", "text/csv; charset=utf-8", lines(rows))


def file_response(name: str, content_type: str, text: Iterator[str]) -> StreamingHttpResponse:
    """Return a file of that name (ASCII), some of its lines at a time, in little memory."""
    answer = StreamingHttpResponse(_parts(text), content_type=content_type)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


async def _parts(text: Iterator[str]) -> AsyncIterator[str]:
    """Yield the lines in parts: Django would read what is not asynchronous whole, and only then."""
    while part := await sync_to_async(_next)(text):
        yield part


def _next(text: Iterator[str]) -> str:
    try:
        return "".join(islice(text, _AT_ONCE))
    finally:
        if not connection.in_atomic_block:
            connection.close()  # whoever reads slowly keeps none of the few meanwhile


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return _FORMULA.sub(r"\1'", text)
