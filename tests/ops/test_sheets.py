"""Tables for spreadsheets: no cell of them is a formula."""

import csv
import io
from decimal import Decimal

import pytest
from asgiref.sync import async_to_sync

from ops.sheets import csv_response, lines
from tests.ops.test_audit_export import whole


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_cell_is_a_formula(begin):
    assert list(lines([[f"{begin}1+1"]]))[1].lstrip('"').startswith(f"'{begin}")


def test_cells_come_back_as_they_were():
    table = [["name", "calls"], ['"a", b\r\nc', 3], ["模型", Decimal("0.0000000001")], [None, ""]]
    text = "".join(lines(table))
    assert text.startswith("\ufeffname,calls\r\n")
    found = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert found == [["name", "calls"], ['"a", b\r\nc', "3"], ["模型", "1E-10"], ["", ""]]


def test_a_file_is_sent_line_by_line():
    answer = csv_response("usage-2026", iter([["a"], ["b"]]))
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="usage-2026.csv"'
    assert async_to_sync(whole)(answer) == b"\xef\xbb\xbfa\r\nb\r\n"
