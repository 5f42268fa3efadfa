"""The smallest change that turns one element's markup into another's.

Elements are found by position: there is no white space between blocks, and every level above the
change is its parent's last element. Swaps are those of htmx: `beforeend`, `outerHTML`, `delete`.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

LAST = ">:last-child"
CLOSERS = re.compile(r"(?:</[a-z0-9]+>)+\Z")
_TAG = re.compile(r'<(/?)([a-z0-9]+)(?:"[^"]*"|[^">])*>')
_EMPTY = {"br", "hr"}


class Patch(NamedTuple):
    """One htmx message: `content` goes to the element(s) at the CSS selector `target`."""

    target: str
    swap: str
    content: str


class _Level(NamedTuple):
    start: int  # where the element's markup starts
    tail: int  # how long the closing tags are from its own outwards


def change(base: str, old: str, new: str) -> list[Patch]:
    """Return what turns `old`, the last element of `base`, into `new` (one or more elements)."""
    if old == new:
        return []
    levels = _last_elements(old)
    for depth in range(len(levels), -1, -1):
        tail = levels[depth - 1].tail if depth else 0
        head = len(old) - tail
        added = new[head : len(new) - tail]
        same = new.startswith(old[:head]) and new.endswith(old[head:]) and len(new) >= len(old)
        if same and _is_whole(added):
            return [Patch(base + LAST * depth, "beforeend", added)]
    return [_replace(base, old, new, levels)]


def _replace(base: str, old: str, new: str, levels: list[_Level]) -> Patch:
    """Return the change of the innermost last element outside which nothing differs."""
    now = _last_elements(new)
    depth = 1
    while (
        depth < len(levels)
        and depth - 1 < len(now)
        and now[depth - 1].start == levels[depth - 1].start
        and new.startswith(old[: levels[depth].start])
        and levels[depth].start <= len(new) - now[depth - 1].tail
    ):
        depth += 1
    tail = now[depth - 2].tail if depth > 1 else 0
    content = new[levels[depth - 1].start : len(new) - tail]
    return Patch(base + LAST * depth, "outerHTML" if content else "delete", content)


def _last_elements(html: str) -> list[_Level]:
    """Return the last element, its last element if nothing follows it in there, and so on."""
    closers = CLOSERS.search(html)
    end = closers.start() if closers else len(html)
    open_at: list[tuple[int, str]] = []
    for tag in _TAG.finditer(html, 0, end):
        if tag[1]:
            open_at.pop()
        elif tag[2] not in _EMPTY:
            open_at.append((tag.start(), tag[2]))
    levels = []
    tail = 0
    for start, name in open_at:
        tail += len(name) + 3
        levels.append(_Level(start, tail))
    return levels or [_Level(0, 0)]


def _is_whole(html: str) -> bool:
    """Tell whether a piece of well-formed markup closes exactly what it opens."""
    depth = 0
    for tag in _TAG.finditer(html):
        if tag[1]:
            depth -= 1
            if depth < 0:
                return False
        elif tag[2] not in _EMPTY:
            depth += 1
    return depth == 0


def merged(patches: Iterable[Patch]) -> list[Patch]:
    """Return the same changes with neighbouring appends to one element as one."""
    result: list[Patch] = []
    for patch in patches:
        last = result[-1] if result else None
        if last and last.swap == patch.swap == "beforeend" and last.target == patch.target:
            result[-1] = last._replace(content=last.content + patch.content)
        else:
            result.append(patch)
    return result
