"""Markdown rendered while it is being written.

The text is held in zones: finished blocks, of which only HTML is kept; and the open zone, which is
parsed again when something is added. A block is finished when the next one starts on a complete
line, as Markdown's block structure is decided line by line; the parts of a list, table or quotation
leave the open zone in the same way (`growth`). What was shown is compared with what has to be shown
and the smallest change is sent. Plain words at the end of a paragraph (`plain`) and lines of code
(`fence`) do not even take a parse.
"""

from dataclasses import dataclass
from typing import NamedTuple

from django.utils.safestring import SafeString, mark_safe

from boundary.markdown import plain
from boundary.markdown.blocks import (
    LENGTH_LIMIT,
    Block,
    first_oversized,
    line_starts,
    parts,
    split,
)
from boundary.markdown.fence import OpenFence
from boundary.markdown.growth import Growth, Node, change_nodes, html_of
from boundary.markdown.html import CodeCache, HtmlWriter
from boundary.markdown.parser import References, normalise, parse
from boundary.markdown.patches import LAST, Patch, merged
from boundary.markdown.sanitise import clean


@dataclass
class _User:
    """A finished block that looked up link labels, kept to be rendered again."""

    place: int
    source: str
    labels: set[str]


class _Zone(NamedTuple):
    """The open zone as parsed; line numbers count the stub's `skip` lines, too."""

    source: str
    starts: list[int]
    skip: int
    blocks: list[Block]

    @property
    def complete(self) -> int:
        """The number of lines that have ended."""
        return len(self.starts) - 2 + self.skip

    def text(self, first: int, end: int) -> str:
        return self.source[self.starts[first - self.skip] : self.starts[end - self.skip]]

    def started(self, blocks: list[Block]) -> int:
        """Return the index of the last block that is certain to start there, or 0."""
        return max((i for i, b in enumerate(blocks) if b.decided < self.complete), default=0)


class StreamRenderer:
    """Renders a growing text into the element at a CSS selector.

    Feed it the text piece by piece; each call returns the changes that bring the element's
    content, which must be empty at first, to what `render` makes of all that was fed so far.
    """

    def __init__(self, selector: str) -> None:
        self._selector = selector
        self._finished: list[str] = []  # HTML, one element each
        self._tail = ""  # source of the open zone, without settled parts
        self._shown: list[Node] = []  # the open zone's elements
        self._definitions: dict[str, dict] = {}  # links defined before the open zone
        self._linked: dict[str, tuple[str, str]] = {}  # definitions as shown
        self._users: list[_User] = []
        self._fence: OpenFence | None = None
        self._words: plain.Words | None = None
        self._rest: list[str] | None = None  # source shown as plain text to the end
        self._length = 0
        self._after_return = False
        self._code = CodeCache()
        self._writer = HtmlWriter(self._code)

    def feed(self, delta: str) -> list[Patch]:
        """Add text; return the changes it makes, in order."""
        text = self._normalised(delta)
        room = max(0, LENGTH_LIMIT - self._length)
        self._length += len(text)
        patches = self._feed(text[:room]) if text[:room] else []
        if text[room:]:
            patches += self._feed_rest(text[room:])
        return merged(patches)

    @property
    def open_length(self) -> int:
        """How many code points the next feed may have to parse once more."""
        return len(self._tail)

    def snapshot(self) -> SafeString:
        """Return the HTML of all that was fed so far."""
        pieces = [*self._finished, *map(html_of, self._shown)]
        if self._fence:
            pieces.append(self._fence.html())
        if self._rest is not None:
            pieces.append(plain.block("".join(self._rest)))
        return mark_safe("".join(pieces))  # noqa: S308 - each piece was sanitised or escaped

    def _normalised(self, delta: str) -> str:
        """Normalise a delta, also where a line end is cut in two."""
        text = delta[1:] if self._after_return and delta.startswith("\n") else delta
        if delta:
            self._after_return = delta.endswith("\r")
        return normalise(text)

    def _feed(self, text: str) -> list[Patch]:
        if self._rest is not None:
            return self._feed_rest(text)
        if self._fence:
            return self._feed_fence(self._fence, text)
        if self._words and (added := self._words.take(self._tail, text)) is not None:
            self._tail += text
            return self._append_words(self._words, added)
        self._tail += text
        return self._refresh()

    def _feed_rest(self, text: str) -> list[Patch]:
        if self._rest is None:
            self._rest = [text]
            return [Patch(self._selector, "beforeend", plain.block(text))]
        self._rest.append(text)
        return [Patch(f"{self._selector}{LAST}>code", "beforeend", plain.escaped(text))]

    def _feed_fence(self, fence: OpenFence, text: str) -> list[Patch]:
        patches, following = fence.feed(text, self._selector)
        if following is None:
            return patches
        self._finished.append(fence.html())
        self._fence = None
        self._tail = following
        return patches + (self._refresh() if following else [])

    def _append_words(self, words: plain.Words, added: str) -> list[Patch]:
        if not added:
            return []
        last = self._shown[-1]
        if isinstance(last, Growth):
            last.shown[-1] = words.insert(last.shown[-1], added)
        else:
            self._shown[-1] = words.insert(last, added)
        return [Patch(words.target, "beforeend", plain.escaped(added))]

    def _refresh(self) -> list[Patch]:
        """Parse the open zone; return what turns what is shown into what it says."""
        growth = self._shown[0] if self._shown and isinstance(self._shown[0], Growth) else None
        stub, skip = (growth.stub, growth.stub_lines) if growth else ("", 0)
        references = References(self._definitions)
        blocks = split(parse(stub + self._tail, references))
        zone = _Zone(self._tail, line_starts(self._tail), skip, blocks)
        oversized = first_oversized(blocks, zone.starts, skip)
        changed = self._relabelled(references)
        if growth and (oversized or growth.is_outdated(blocks[0]) or growth.labels & changed):
            self._tail = "".join(growth.source) + self._tail
            self._shown[0] = growth.html()
            return self._refresh()
        if oversized:
            return self._give_up(zone.starts[oversized.first])
        patches = self._relink(references, changed)
        nodes = self._nodes(blocks, growth)
        patches += change_nodes(self._selector, self._shown, nodes)
        self._shown = nodes
        self._settle(zone, references)
        return patches

    def _nodes(self, blocks: list[Block], growth: Growth | None = None) -> list[Node]:
        nodes: list[Node] = []
        if growth:
            nodes.append(growth.showing(blocks[0], self._writer))
        others = blocks[len(nodes) :]
        return nodes + [clean(self._writer.write(block.tokens)) for block in others]

    def _relabelled(self, references: References) -> set[str]:
        """Return the labels that are not linked as they were shown."""
        now = _targets(references)
        if now == self._linked:
            return set()
        labels = now.keys() | self._linked.keys()
        return {label for label in labels if now.get(label) != self._linked.get(label)}

    def _relink(self, references: References, changed: set[str]) -> list[Patch]:
        """Render those finished blocks again whose links have changed."""
        if not changed:
            return []
        self._linked = _targets(references)
        patches = []
        for user in self._users:
            if user.labels & changed:
                blocks = split(parse(user.source, References(references)))
                user.labels.update(*(block.labels() for block in blocks))
                html = "".join(map(html_of, self._nodes(blocks)))
                if html != self._finished[user.place]:
                    self._finished[user.place] = html
                    target = f"{self._selector}>:nth-child({user.place + 1})"
                    patches.append(Patch(target, "outerHTML", html))
        return patches

    def _give_up(self, cut: int) -> list[Patch]:
        """Show the open zone from `cut` on, and all that follows, as plain text."""
        references = References(self._definitions)
        nodes = self._nodes(split(parse(self._tail[:cut], references)))
        text = self._tail[cut:]
        patches = self._relink(references, self._relabelled(references))
        patches += change_nodes(self._selector, self._shown, [*nodes, plain.block(text)])
        self._finished += map(html_of, nodes)
        self._shown, self._tail, self._words, self._rest = [], "", None, [text]
        return patches

    def _settle(self, zone: _Zone, references: References) -> None:
        """Take what cannot change any more out of the open zone."""
        blocks = zone.blocks
        keep = zone.started(blocks)
        cut = zone.skip
        for block in blocks[:keep]:
            self._finish(block, zone.text(cut, block.end))
            cut = block.end
        if not blocks:
            cut = zone.complete  # nothing but definitions, one to a line
        elif blocks[keep].decided < zone.complete:
            cut = self._settle_open(zone, blocks[keep], cut)
        for label, definition in references.items():
            if definition["map"][0] < cut:
                self._definitions.setdefault(label, definition)
        self._tail = zone.source[zone.starts[cut - zone.skip] :]
        self._words = plain.words(self._selector, self._shown, self._tail, blocks)

    def _finish(self, block: Block, source: str) -> None:
        node = self._shown.pop(0)
        labels = block.labels()
        if isinstance(node, Growth):
            source = "".join([*node.source, source])
            labels |= node.labels
        if labels:
            self._users.append(_User(len(self._finished), source, labels))
        self._finished.append(html_of(node))

    def _settle_open(self, zone: _Zone, block: Block, cut: int) -> int:
        """Settle what can be of the open block; return the line at which the open zone starts."""
        if block.kind == "fence":
            return self._open_fence(zone, block, cut)
        node = self._shown[0]
        begin = cut if isinstance(node, Growth) else block.first
        own = node.own_parts(block) if isinstance(node, Growth) else parts(block)
        count = zone.started(own)
        if not count:
            return cut
        source = zone.text(begin, zone.skip + len(zone.starts) - 1)
        growth = node if isinstance(node, Growth) else Growth.of(block, source, self._writer)
        if growth is None:
            return cut
        growth.settle(own, count, source, zone.text(begin, own[count - 1].end))
        self._shown[0] = growth
        return own[count - 1].end

    def _open_fence(self, zone: _Zone, block: Block, cut: int) -> int:
        end = zone.skip + len(zone.starts) - 1
        if block is not zone.blocks[-1]:
            return cut
        self._fence = OpenFence.start(zone.text(block.first, end), self._code)
        if self._fence is None:
            return cut
        self._shown = []
        return end


def _targets(references: References) -> dict[str, tuple[str, str]]:
    return {label: (found["href"], found["title"]) for label, found in references.items()}
