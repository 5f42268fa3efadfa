"""Blocks that grow by parts: the items of a list, the rows of a table, the blocks of a quotation.

Settled parts are not parsed again. What follows them is parsed behind a stub, a one-line stand-in
for them, so that the parser sees the same list, table or quotation as in the whole text.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from boundary.markdown.blocks import Block, parts, split
from boundary.markdown.html import HtmlWriter
from boundary.markdown.parser import structure, table_rows
from boundary.markdown.patches import LAST, Patch, change
from boundary.markdown.sanitise import clean

_LISTS = ("bullet_list_open", "ordered_list_open")


@dataclass(eq=False)
class Growth:
    """An open block whose first parts are settled."""

    kind: str
    stub: str  # source
    stub_lines: int
    stub_parts: int
    opening: str  # HTML around the parts
    closing: str
    depth: int = 1  # elements from the block to its parts' parent, both included
    most: int = sys.maxsize  # parts
    settled: list[str] = field(default_factory=list)  # HTML
    source: list[str] = field(default_factory=list)  # of the settled parts
    labels: set[str] = field(default_factory=set)
    shown: list[str] = field(default_factory=list)  # HTML of the parts that may still change
    loose: bool = False  # as shown
    stays_loose: bool = False

    @classmethod
    def of(cls, block: Block, source: str, writer: HtmlWriter) -> "Growth | None":
        """Return the growth of a block that starts `source`, with all its parts shown."""
        kind, markup = block.kind, block.tokens[0].markup
        if kind == "table_open":
            header, delimiter, _ = source.split("\n", 2)
            stub = f"{header}\n{delimiter}\n"
            shell = f"{_table_head(block, writer)}<tbody>"
            growth = cls(kind, stub, 2, 0, shell, "</tbody></table></div>", 3)
            growth.most = table_rows(delimiter)
        elif kind == "blockquote_open":
            growth = cls(kind, "> x\n>\n", 2, 1, "<blockquote>", "</blockquote>")
        elif kind in _LISTS:
            opening, closing = clean(writer.write(block.tokens[:1])).split("</")
            # The text starts in the sixth column, so that no sibling can be nested in the stub.
            stub = f"{'1' * (kind == 'ordered_list_open') + markup:5}x\n"
            growth = cls(kind, stub, 1, 1, opening, f"</{closing}")
            growth.loose = _would_be_loose(stub, source)
        else:
            return None
        growth.shown = [growth._write(part, writer) for part in parts(block)]
        return growth

    def own_parts(self, block: Block) -> list[Block]:
        """Return the parts of a block parsed behind the stub."""
        return parts(block)[self.stub_parts :]

    def _write(self, part: Block, writer: HtmlWriter) -> str:
        """Return a part's HTML, sanitised where it belongs."""
        html = writer.write(part.tokens)
        if self.kind == "table_open":
            start, end = "<table><tbody>", "</tbody></table>"
            return clean(f"{start}{html}{end}").removeprefix(start).removesuffix(end)
        return clean(html)

    def html(self) -> str:
        return "".join([self.opening, *self.settled, *self.shown, self.closing])

    def showing(self, block: Block, writer: HtmlWriter) -> "Growth":
        """Return the growth with the parts of `block`, parsed behind the stub, shown."""
        own = self.own_parts(block)
        if self._is_list:
            for part in own:
                _loosen(part, self.loose)
        return replace(self, shown=[self._write(part, writer) for part in own])

    def is_outdated(self, block: Block) -> bool:
        """Tell whether what is settled must be parsed again: the list turned loose, the table
        ends here."""
        if self._is_list:
            return self.loose != (self.stays_loose or _is_loose(block))
        return len(self.settled) + len(self.own_parts(block)) > self.most

    def same_as(self, other: "Node") -> bool:
        return (
            isinstance(other, Growth)
            and other.settled is self.settled
            and other.shown == self.shown
        )

    def settle(self, own: list[Block], count: int, source: str, settled: str) -> None:
        """Make the first `count` of the block's `own` parts final.

        `settled` is their source, at the start of `source`, the block's.
        """
        if self._is_list and self.loose and not self.stays_loose:
            complete = source[: source.rfind("\n") + 1]
            self.stays_loose = _would_be_loose(self.stub, complete)
        self.settled += self.shown[:count]
        del self.shown[:count]
        self.source.append(settled)
        for block in own[:count]:
            self.labels |= block.labels()

    @property
    def _is_list(self) -> bool:
        return self.kind in _LISTS


Node = str | Growth  # an element of the page


def _is_loose(block: Block) -> bool:
    """Tell whether a list parsed behind its stub is loose: whether the stub's paragraph shows."""
    return not block.tokens[2].hidden


def _would_be_loose(stub: str, source: str) -> bool:
    return _is_loose(split(structure(stub + source))[0])


def _loosen(part: Block, loose: bool) -> None:
    """Show or hide the paragraphs of a list item."""
    level = part.tokens[0].level + 1
    for token in part.tokens:
        if token.level == level and token.type in ("paragraph_open", "paragraph_close"):
            token.hidden = not loose


def change_nodes(base: str, old: Sequence[Node], new: Sequence[Node]) -> list[Patch]:
    """Return what turns the last elements of `base` from `old` into `new`."""
    same = 0
    while same < len(old) and same < len(new) and _same(old[same], new[same]):
        same += 1
    old, new = old[same:], new[same:]
    patches = [Patch(base + LAST, "delete", "") for _ in old[1:]]
    if old and new:
        patches += _change(base, old[0], new[0])
    elif old:
        patches.append(Patch(base + LAST, "delete", ""))
    if added := "".join(map(html_of, new[1:] if old else new)):
        patches.append(Patch(base, "beforeend", added))
    return patches


def html_of(node: Node) -> str:
    return node if isinstance(node, str) else node.html()


def _same(old: Node, new: Node) -> bool:
    return old.same_as(new) if isinstance(old, Growth) else old == new


def _change(base: str, old: Node, new: Node) -> list[Patch]:
    if isinstance(old, Growth) and isinstance(new, Growth) and old.settled is new.settled:
        return change_nodes(base + LAST * old.depth, old.shown, new.shown)
    return change(base, html_of(old), html_of(new))


def _table_head(block: Block, writer: HtmlWriter) -> str:
    """Return the HTML of a table up to its body."""
    body = next(i for i, token in enumerate(block.tokens) if token.type == "tbody_open")
    end = "</table></div>"
    return clean(writer.write(block.tokens[:body]) + end).removesuffix(end)
