"""What changed between two texts: by paragraphs, and within those that changed by words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import chain

_MOST_WORK = 8_000_000  # pairs of tokens that may have to be compared; what comes then is replaced
_MOST_PARAGRAPHS = 2_000
_TOKEN = re.compile(r"\s+|[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+|[^\w\s]")
_PARAGRAPH = re.compile(r".*?(?:\n\s*\n|\Z)", re.DOTALL)


@dataclass(frozen=True)
class Piece:
    """A piece of text that is in both ("same"), in the new one only ("in"), or the old ("out")."""

    kind: str
    text: str


def difference(old: str, new: str) -> list[Piece]:
    """Return the pieces of which the two texts are made, in their order.

    Those that are "same" and "out" are `old`, those that are "same" and "in" are `new`.
    """
    olds, news = _paragraphs(old), _paragraphs(new)
    if max(len(olds), len(news)) > _MOST_PARAGRAPHS:
        return _merged(_replaced(old, new))
    pieces: list[Piece] = []
    work = 0
    for kind, a, b, c, d in SequenceMatcher(None, olds, news, autojunk=False).get_opcodes():
        if kind == "equal":
            pieces.append(Piece("same", "".join(olds[a:b])))
            continue
        by_pairs = zip(olds[a:b], news[c:d], strict=True) if b - a == d - c else None
        for one, other in by_pairs or [("".join(olds[a:b]), "".join(news[c:d]))]:
            before, after = _TOKEN.findall(one), _TOKEN.findall(other)
            work += len(before) * len(after)
            pieces += _by_words(before, after) if work <= _MOST_WORK else _replaced(one, other)
    return _merged(pieces)


def _by_words(olds: list[str], news: list[str]) -> list[Piece]:
    matcher = SequenceMatcher(None, olds, news, autojunk=False)
    return list(chain.from_iterable(_word_pieces(matcher.get_opcodes(), olds, news)))


def _word_pieces(
    opcodes: Sequence[tuple[str, int, int, int, int]], olds: list[str], news: list[str]
) -> list[list[Piece]]:
    return [
        [Piece("same", "".join(olds[a:b]))]
        if kind == "equal"
        else _replaced("".join(olds[a:b]), "".join(news[c:d]))
        for kind, a, b, c, d in opcodes
    ]


def _replaced(old: str, new: str) -> list[Piece]:
    return [Piece("out", old), Piece("in", new)]


def _merged(pieces: list[Piece]) -> list[Piece]:
    """Return them without empty ones, what changed side by side as one change."""
    merged: list[Piece] = []
    old = new = ""
    for piece in [*pieces, Piece("same", "")]:
        if piece.kind == "out":
            old += piece.text
        elif piece.kind == "in":
            new += piece.text
        elif (old or new) and piece.text and not piece.text.strip(" "):  # between two changed words
            old, new = old + piece.text, new + piece.text
        else:
            space = _common_end(old, new)
            old, new = old[: len(old) - len(space)], new[: len(new) - len(space)]
            merged += [each for each in _replaced(old, new) if each.text]
            old = new = ""
            _add_same(merged, space + piece.text)
    return merged


def _common_end(old: str, new: str) -> str:
    """Return the spaces with which both end."""
    count = min(len(text) - len(text.rstrip(" ")) for text in (old, new))
    return " " * count


def _add_same(pieces: list[Piece], text: str) -> None:
    if text and pieces and pieces[-1].kind == "same":
        pieces[-1] = Piece("same", pieces[-1].text + text)
    elif text:
        pieces.append(Piece("same", text))


def _paragraphs(text: str) -> list[str]:
    return [found for found in _PARAGRAPH.findall(text) if found]
