"""How long a text is, and whether that is as long as it is to be."""

import re
from itertools import islice

TOLERANCE = 0.15
_CJK = r"\u3040-\u30ff\u3400-\u9fff"
_MARKS_OF_TEXT = "。，、；：？！“”（）《》「」『』【】…—–·"
# A character of Chinese or Japanese counts as a word, a mark of punctuation does not.
_WORD = re.compile(rf"[{_CJK}]|[^\s{_CJK}{_MARKS_OF_TEXT}]+")
_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’»)*_]*(?=\s|$)|[。！？]+[”』」）]*")
_MARKS = re.compile(r"^\s*(?:#{1,6}\s|[-*+]\s|\d+[.)]\s|>\s?)", re.MULTILINE)
_EMPHASIS = re.compile(r"[*_`]+")


def word_count(text: str) -> int:
    """Return the words of a Markdown text, its marks not counted."""
    return len(_WORD.findall(_EMPHASIS.sub("", _MARKS.sub(" ", text))))


def is_as_long(text: str, words: int) -> bool:
    return abs(word_count(text) - words) <= TOLERANCE * words


def nearer(one: str, other: str, words: int) -> str:
    """Return the text whose length is nearer to `words`; of two as near the first."""
    return min(one, other, key=lambda text: abs(word_count(text) - words))


def trimmed(text: str, words: int) -> str:
    """Return the beginning of a text that was cut far behind `words`: up to the end of the last
    sentence, or else of the last word, that keeps to them.
    """
    longest = int(words * (1 + TOLERANCE))
    beyond = next(islice(_WORD.finditer(text), longest, None), None)
    within = text[: beyond.start()] if beyond else text
    least = len(within) // 2
    ends = [each.end() for each in _SENTENCE_END.finditer(within, least)]
    kept = [within[:end] for end in ends if word_count(within[:end]) >= words * (1 - TOLERANCE)]
    return (kept[-1] if kept else within).rstrip()


def shares(total: int, count: int) -> list[int]:
    """Return `total` in `count` shares that differ by one at most."""
    each, rest = divmod(total, count)
    return [each + (place < rest) for place in range(count)]
