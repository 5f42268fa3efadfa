"""An outline in an answer: the sections of an article, each with what it covers.

Models write lists in many ways: numbered, with bullets, as headings, in bold, with the rest behind
a colon or a dash, or on the lines below.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from generator.shortening import shortened

MOST_SECTIONS = 50
LONGEST_HEADING = 200  # code points
LONGEST_NOTES = 2000

_ITEM = re.compile(
    r"(?P<indent>\s*)(?P<mark>\#{1,6}\s+|(?:\(?\d{1,3}[.):、．]|[IVX]{1,5}[.)]|•)\s*|[-*+]\s+)"
    r"(?P<rest>\S.*)"
)
_LABEL = re.compile(r"(?:section|part|chapter)\s+\d{1,3}\s*[:.–—-]\s*", re.IGNORECASE)
_BOLD = re.compile(r"(?P<marks>\*\*|__)(?P<heading>.+?)(?P=marks)\s*[:：–—-]*\s*(?P<notes>.*)")
_PARTED = re.compile(r"(?P<heading>.+?)(?:[:：]\s+|：|\s[–—-]\s)(?P<notes>\S.*)")


@dataclass
class Planned:
    """A section to be: its heading, and what it is to cover."""

    heading: str
    notes: list[str] = field(default_factory=list)


def parse(text: str) -> list[tuple[str, str]]:
    """Return the headings of an outline with what each section covers, `MOST_SECTIONS` at most.

    Headings are the marked lines of the highest rank that comes more than once.
    """
    found = [(_rank(line), line) for line in text.splitlines() if line.strip()]
    ranks = [rank for rank, _line in found if rank is not None]
    top = min((rank for rank in set(ranks) if ranks.count(rank) > 1), default=None)
    sections: list[Planned] = []
    for rank, line in found:
        if rank is not None and rank == top:
            sections.append(_begun(line))
        elif sections and not (rank is not None and top is not None and rank < top):
            sections[-1].notes.append(_plain(_unmarked(line)))
    named = [each for each in sections if each.heading]
    return [(each.heading, _said(each.notes)) for each in named[:MOST_SECTIONS]]


def written(sections: Iterable[tuple[str, str]]) -> str:
    """Return an outline as Markdown that `parse` reads."""
    return "\n".join(
        f"{number}. **{heading}**" + (f": {notes}" if notes else "")
        for number, (heading, notes) in enumerate(sections, 1)
    )


def _rank(line: str) -> int | None:
    """Return how high a marked line stands, 0 being the highest; `None` for one without a mark."""
    found = _ITEM.fullmatch(line.rstrip())
    if found is None:
        return None
    mark = found["mark"].strip()
    if mark.startswith("#"):
        return len(mark)
    depth = len(found["indent"].expandtabs(4)) // 2
    return 10 + 2 * depth + (mark in "-*•+")


def _begun(line: str) -> Planned:
    rest = _LABEL.sub("", _unmarked(line), count=1)
    bold = _BOLD.fullmatch(rest)
    parted = None if bold else _PARTED.fullmatch(rest)
    split = bold or parted
    if split is None:
        return Planned(shortened(_plain(rest), LONGEST_HEADING))
    notes = _plain(split["notes"])
    return Planned(shortened(_plain(split["heading"]), LONGEST_HEADING), [notes] if notes else [])


def _unmarked(line: str) -> str:
    """Return it without its mark; a heading may be numbered behind it."""
    for _twice in range(2):
        found = _ITEM.fullmatch(line.rstrip())
        if found is None:
            break
        line = found["rest"]
    return line.strip()


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[*_`#]{1,3}(?=\S)|(?<=\S)[*_`#]{1,3}", "", text).strip(" :：").split())


def _said(notes: Sequence[str]) -> str:
    return shortened(" ".join(note for note in notes if note), LONGEST_NOTES)
