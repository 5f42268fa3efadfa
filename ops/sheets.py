"""Tables as CSV, for spreadsheets: RFC 4180 in UTF-8, with the mark that they know it by."""

import csv
from collections.abc import Iterable, Iterator
from typing import Any

from django.http import StreamingHttpResponse

_MARK = "\ufeff"
# A spreadsheet takes a cell that begins so for a formula, and a formula may send cells elsewhere.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


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
    answer = StreamingHttpResponse(lines(rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
