"""What changed between two texts is found by words, and nothing of either is lost."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.articles.difference import Piece, difference

TEXTS = st.text(st.sampled_from("ab c.\n中é"), max_size=200)


def of(pieces: list[Piece], *kinds: str) -> str:
    return "".join(piece.text for piece in pieces if piece.kind in kinds)


@given(TEXTS, TEXTS)
def test_the_pieces_are_both_texts(old, new):
    pieces = difference(old, new)
    assert of(pieces, "same", "out") == old
    assert of(pieces, "same", "in") == new
    assert all(piece.text for piece in pieces)


def test_words_that_changed_side_by_side_are_one_change():
    assert difference("The old grey cat sat.", "The young brown cat sat.") == [
        Piece("same", "The "),
        Piece("out", "old grey"),
        Piece("in", "young brown"),
        Piece("same", " cat sat."),
    ]


def test_chinese_is_compared_by_characters():
    assert Piece("in", "晚") in difference("蜜蜂早上回家。", "蜜蜂晚上回家。")


def test_a_paragraph_that_is_new_is_in_and_nothing_else():
    pieces = difference("One.\n\nThree.", "One.\n\nTwo.\n\nThree.")
    assert [piece.text for piece in pieces if piece.kind != "same"] == ["Two.\n\n"]


@pytest.mark.parametrize("letter", ["a ", "a\n\n", "a b\n\n"], ids=["words", "paragraphs", "both"])
def test_texts_that_are_made_to_be_slow_are_not(letter):
    begun = time.process_time()
    difference(letter * 100_000, letter * 99_999 + "b")
    difference("".join(f"{n} " for n in range(2000)), "".join(f"{n} " for n in range(2000, 0, -1)))
    assert time.process_time() - begun < 10
