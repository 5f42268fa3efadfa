"""Tables of what a model wrote: each cell is shown as it is, and does nothing."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boundary.markdown import render
from generator.recipes.tables import table

NASTY = st.text(st.sampled_from("|\\`*_[]()<>&~$!#-:\n\r\t ab1"), max_size=30)


def cells_of(source: str) -> list[str]:
    shown = str(render(source))
    cells = re.findall(r"<td[^>]*>(.*?)</td>", shown, re.DOTALL)
    return [html.unescape(re.sub(r"<wbr>", "", cell)) for cell in cells]


@given(st.lists(st.tuples(NASTY, NASTY), min_size=1, max_size=4))
def test_whatever_is_in_a_cell_is_read_as_it_is(rows):
    expected = [" ".join(cell.split()) for row in rows for cell in row]
    assert cells_of(table(["One", "Two"], rows)) == expected


@pytest.mark.parametrize(
    "cell",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "![x](data:image/png;base64,AAAA)",
        "![x][y]",
        "[x](javascript:alert(1))",
        "a | b\n| --- | --- |",
        "&lt;b&gt;",
    ],
)
def test_no_cell_becomes_anything_else(cell):
    shown = str(render(table(["One"], [[cell]])))
    assert not re.search(r"<(script|img|a|b)\b", shown)
    assert shown.count("<td") == 1


def test_a_table_without_rows_has_its_columns():
    assert table(["One", "T|wo"], []) == "| One | T\\|wo |\n| --- | --- |"
