"""A long text is cut at good places, and nothing of it is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.parts import groups, split

TEXTS = st.text(st.sampled_from("ab. \n?。你好界!é"), max_size=300)


@given(TEXTS, st.integers(1, 60), st.booleans())
def test_parts_are_the_whole_text_in_its_order_and_each_fits(text, most, by_lines):
    parts = split(text, most, len, by_lines=by_lines)
    assert "".join(text[start:end] for start, end in parts) == text
    assert all(0 < end - start <= most for start, end in parts)


@given(TEXTS, st.integers(4, 60))
def test_a_size_in_bytes_is_kept_to_as_well(text, most):
    parts = split(text, most, lambda part: len(part.encode()))
    assert "".join(text[start:end] for start, end in parts) == text
    assert all(len(text[start:end].encode()) <= most for start, end in parts)


@given(st.lists(st.text("ab. 。", min_size=1, max_size=20), max_size=30), st.integers(22, 60))
def test_by_lines_no_part_ends_within_a_line_that_fits(lines, most):
    text = "\n".join(lines)
    parts = split(text, most, len, by_lines=True)
    assert all(end == len(text) or text[end - 1] == "\n" for _start, end in parts)


@pytest.mark.parametrize(
    ("text", "most", "cut"),
    [
        (
            "One is here.\n\nTwo is there. And more.",
            30,
            ["One is here.\n\nTwo is there. ", "And more."],
        ),
        ("First one. Second one. Third", 24, ["First one. Second one. ", "Third"]),
        ("one two three", 9, ["one two ", "three"]),
        ("今天下雨。明天晴天。后天", 11, ["今天下雨。明天晴天。", "后天"]),
        ("x" * 10, 4, ["xxxx", "xxxx", "xx"]),
    ],
    ids=["sentences", "one line", "words", "Chinese", "one huge word"],
)
def test_the_cut_is_at_a_good_place(text, most, cut):
    assert [text[start:end] for start, end in split(text, most, len)] == cut


def test_a_paragraphs_end_is_preferred_to_a_later_sentences():
    text = "A paragraph of its own.\n\nThen one. Then two"
    assert text[: split(text, 36, len)[0][1]].endswith("own.\n\n")


def test_what_fits_is_one_part_and_nothing_has_none():
    assert split("short", 100, len) == [(0, 5)]
    assert split("", 100, len) == []


@given(st.lists(st.integers(1, 50), min_size=1, max_size=60), st.integers(1, 120))
def test_groups_are_all_neighbours_and_fewer_than_before(sizes, most):
    found = groups(sizes, most)
    assert [place for start, end in found for place in range(start, end)] == list(range(len(sizes)))
    assert all(end - start >= 2 for start, end in found[:-1])
    assert len(found) < len(sizes) or len(sizes) == 1
    for start, end in found:
        assert sum(sizes[start:end]) <= most or end - start <= 2
