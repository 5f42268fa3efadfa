"""How long a text is, and whether that is as long as it is to be."""

import re

TOLERANCE = 0.15
# A character of Chinese or Japanese counts as a word.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\s\u3040-\u30ff\u3400-\u9fff]+")
_MARKS = re.compile(r"^\s*(?:#{1,6}\s|[-*+]\s|\d+[.)]\s|>\s?)|[*_`]+", re.MULTILINE)


def word_count(text: str) -> int:
    """Return the words of a Markdown text, its marks not counted."""
    return len(_WORD.findall(_MARKS.sub(" ", text)))


def is_as_long(text: str, words: int) -> bool:
    return abs(word_count(text) - words) <= TOLERANCE * words


def nearer(one: str, other: str, words: int) -> str:
    """Return the text whose length is nearer to `words`; of two as near the first."""
    return min(one, other, key=lambda text: abs(word_count(text) - words))


def shares(total: int, count: int) -> list[int]:
    """Return `total` in `count` shares that differ by one at most."""
    each, rest = divmod(total, count)
    return [each + (place < rest) for place in range(count)]
