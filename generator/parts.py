"""A long text in parts that fit into a model's context: cut between paragraphs where that is
possible, else between sentences, lines, words, and only then anywhere.
"""

import re
from collections.abc import Callable, Sequence

_ENDS = (
    re.compile(r"\n\s*\n"),
    re.compile(r"(?<=[.!?。！？…])[\"'”’»)]*\s+|(?<=[。！？])"),
    re.compile(r"\n"),
    re.compile(r"\s+"),
)
_LEAST_FILLED = 0.5  # of a part: rather a sentence's end later than a paragraph's end far before it


def split(
    text: str, most: int, size: Callable[[str], int], *, by_lines: bool = False
) -> list[tuple[int, int]]:
    """Return where the parts of `text` begin and end, in code points; together they are all of it.

    `size` measures a text, and grows with it; each part's is at most `most`, or it is one letter.
    With `by_lines` no part ends within a line that fits into one.
    """
    parts = []
    start = 0
    while start < len(text):
        end = _furthest(text, start, most, size)
        if end < len(text):
            line_end = text.rfind("\n", start, end) + 1 if by_lines else 0
            end = line_end or _good_end(text, start, end)
        parts.append((start, end))
        start = end
    return parts


def groups(sizes: Sequence[int], most: int) -> list[tuple[int, int]]:
    """Return ranges of neighbours whose sizes sum up to `most` at most; each has two or more,
    but for the last one.
    """
    found = []
    start, total = 0, 0
    for place, size in enumerate(sizes):
        if total + size > most and place - start >= 2:
            found.append((start, place))
            start, total = place, 0
        total += size
    return [*found, (start, len(sizes))]


def _furthest(text: str, start: int, most: int, size: Callable[[str], int]) -> int:
    """Return the largest end with `size(text[start:end]) <= most`, at least one letter on."""
    reach = max(most, 1)
    while start + reach < len(text) and size(text[start : start + reach]) <= most:
        reach *= 2
    least, beyond = start + 1, min(start + reach, len(text)) + 1
    while beyond - least > 1:
        middle = (least + beyond) // 2
        if size(text[start:middle]) <= most:
            least = middle
        else:
            beyond = middle
    return least


def _good_end(text: str, start: int, end: int) -> int:
    """Return the last good place to cut before `end`."""
    earliest = start + int((end - start) * _LEAST_FILLED)
    for pattern in _ENDS:
        places = [found.end() for found in pattern.finditer(text, earliest, end)]
        places = [place for place in places if place > start]
        if places:
            return places[-1]
    return end
