"""Tables for spreadsheets: no cell of them is a formula."""

import csv
import io
import re
from decimal import Decimal

import pytest

from ops.sheets import csv_response, lines
from tests.streamed import whole


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_no_cell_is_a_formula(begin):
    assert list(lines([[f"{begin}1+1"]]))[1].lstrip('"').startswith(f"'{begin}")


@pytest.mark.parametrize("begins", [";", ';"', ';""', "\t", "\n", "\r\n", "\r"])
@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "＝"])
def test_nor_is_what_begins_a_cell_where_a_comma_is_a_decimal_point(begins, sign):
    """As Excel reads a file in most of Europe: quotes within a cell are no quotes there."""
    (line,) = list(lines([["id", f"x{begins}{sign}1+1;y"]]))[1:]
    for cell in re.split(r"[;\t\r\n]", line):
        assert cell.strip('"')[:1] != sign


def test_what_browsers_call_themselves_is_left_alone():
    browser = "Mozilla/5.0 (compatible; a-b+c/1.0; +https://bot.example; x=1) @y"
    assert browser in list(lines([[browser]]))[1]


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
    assert whole(answer) == b"\xef\xbb\xbfa\r\nb\r\n"
