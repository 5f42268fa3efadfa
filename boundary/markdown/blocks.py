"""A text's top-level blocks, and the parts of the blocks that grow by parts."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from markdown_it.token import Token

BLOCK_LIMIT = 20_000
"""Characters of one paragraph, list item, table row or part of a quotation (its last line not
counted; code between fences has no limit). From a block with a longer one on, a text is plain."""

LENGTH_LIMIT = 400_000
"""Characters of a text; what follows is plain."""


@dataclass(slots=True)
class Block:
    """The tokens of one element, and its lines: `first` up to, not including, `end`."""

    tokens: list[Token]
    first: int
    end: int

    @property
    def kind(self) -> str:
        return self.tokens[0].type

    @property
    def decided(self) -> int:
        """The line after whose end it is certain that a block starts at `first`."""
        return self.first + (self.kind == "table_open")

    def labels(self) -> set[str]:
        """Return the link labels this block looked up."""
        return {label for token in self.tokens for label in token.meta.get("labels", ())}


def split(tokens: Iterable[Token]) -> list[Block]:
    """Return the outermost blocks."""
    blocks = []
    depth = 0
    held: list[Token] = []
    for token in tokens:
        held.append(token)
        depth += token.nesting
        if depth == 0:
            first, end = held[0].map or (0, 0)
            blocks.append(Block(held, first, end))
            held = []
    return blocks


def parts(block: Block) -> list[Block]:
    """Return the items of a list, the blocks of a quotation or the body rows of a table."""
    inner = block.tokens[1:-1]
    if block.kind == "table_open":
        start = next((i for i, token in enumerate(inner) if token.type == "tbody_open"), None)
        return [] if start is None else split(inner[start + 1 : -1])
    if block.kind in ("bullet_list_open", "ordered_list_open", "blockquote_open"):
        return split(inner)
    return []


def line_starts(source: str) -> list[int]:
    """Return where each line starts, and where the one after the last would."""
    return [0, *(match.end() for match in re.finditer("\n", source)), len(source)]


def first_oversized(blocks: Iterable[Block], starts: list[int], skip: int = 0) -> Block | None:
    """Return the first block that is too long; its line `skip` is the first of `starts`."""
    for block in blocks:
        if block.kind != "fence" and starts[-1] - starts[max(block.first - skip, 0)] > BLOCK_LIMIT:
            for unit in parts(block) or [block]:
                first, last = max(unit.first - skip, 0), max(unit.end - skip - 1, 0)
                if starts[last] - starts[first] > BLOCK_LIMIT:
                    return block
    return None
