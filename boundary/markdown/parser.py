"""The Markdown dialect: CommonMark, GFM's tables, strikethrough and task lists, formulas.

Differences: no raw HTML; no relative or exotic links; a link definition is one line; only whole
web addresses become links by themselves; emphasis closes next to Chinese, Japanese and Korean
text. Whatever could take more than linear time is bounded: quotes and lists nest `NESTING` deep,
a table has `CELL_LIMIT` cells, and a paragraph longer than `TEXT_LIMIT` characters, or with more
than `MARK_LIMIT` marks, is shown as plain text.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_block.reference import reference
from markdown_it.rules_block.state_block import StateBlock
from markdown_it.rules_block.table import table
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline.state_inline import Scanned, StateInline
from markdown_it.token import Token

from boundary.markdown import math

NESTING = 20
TEXT_LIMIT = 20_000
MARK_LIMIT = 2_000
CELL_LIMIT = 20_000  # cells of one table
DEFINITION_LIMIT = 200  # link definitions per text; later ones are ignored

_SCHEME = re.compile(r"(?:https?://|mailto:)[^\s]", re.IGNORECASE)
_MARKS = re.compile(r"[\[\]*_`~$<&!\\]")
_CJK = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]")
_ADDRESS = re.compile(
    r"(?<![a-z0-9+.-])https?://[a-z0-9][^\s<>`，。；：！？、（）《》「」『』【】“”‘’]*",
    re.IGNORECASE,
)


class References(dict[str, Any]):
    """Link definitions by label; remembers which labels a text asked for."""

    def __init__(self, known: dict[str, Any] | None = None) -> None:
        super().__init__(known or {})
        self.asked: set[str] = set()

    def get(self, label: str, default: Any = None) -> Any:
        self.asked.add(label)
        return super().get(label, default)

    def __setitem__(self, label: str, definition: Any) -> None:
        if len(self) < DEFINITION_LIMIT:
            super().__setitem__(label, definition)


def parse(source: str, references: References) -> list[Token]:
    """Return the tokens of `source`, which is normalised; adds its definitions to `references`.

    An inline token's `meta` says which `labels` it asked for and whether it is `plain`.
    """
    return _parser().parse(source, {"references": references})


def structure(source: str) -> list[Token]:
    """Return the block tokens of `source`, without parsing their text."""
    tokens: list[Token] = []
    md = _parser()
    md.block.parse(source, md, {"references": References()}, tokens)
    return tokens


def normalise(text: str) -> str:
    """Return text that UTF-8 and HTML can carry, with line feeds only."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = text.replace("\0", "\ufffd")
    if not text.isascii():
        text = re.sub("[\ud800-\udfff]", "\ufffd", text)
    return text


class _Dialect(MarkdownIt):
    def validateLink(self, url: str) -> bool:
        return bool(_SCHEME.match(url))


class _Inline(StateInline):
    def scanDelims(self, start: int, canSplitWord: bool) -> Scanned:
        """Let `*` and `~` open and close next to a CJK character, as such text has no spaces."""
        found = super().scanDelims(start, canSplitWord)
        if not canSplitWord or (found.can_open and found.can_close):
            return found
        end = start + found.length
        before = self.src[start - 1] if start else " "
        after = self.src[end] if end < self.posMax else " "
        return Scanned(
            found.can_open or bool(_CJK.match(before) and not after.isspace()),
            found.can_close or bool(_CJK.match(after) and not before.isspace()),
            found.length,
        )


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    md = _Dialect("commonmark", {"html": False, "tasklists": True, "maxNesting": NESTING + 20})
    md.enable(["table", "strikethrough"]).disable(["html_block", "html_inline"])
    md.block.ruler.before("table", "too_deep", _too_deep)
    md.block.ruler.at("reference", _definition)
    md.block.ruler.at("table", _table, {"alt": ["paragraph", "reference"]})
    math.install(md)
    md.core.ruler.at("normalize", lambda state: None)  # done by `normalise`
    md.core.ruler.at("inline", _inline)
    md.core.ruler.push("addresses", _addresses)
    return md


def _definition(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read a link definition from its line alone: what follows cannot change what came before."""
    whole, state.lineMax = state.lineMax, start + 1
    try:
        return reference(state, start, start + 1, silent)
    finally:
        state.lineMax = whole


def table_rows(delimiters: str) -> int:
    """Return how many rows a table may have, by its second line."""
    return CELL_LIMIT // (delimiters.count("|") + 1)


def _table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read a table of `CELL_LIMIT` cells at most; what follows is a paragraph."""
    if start + 2 > end:
        return False
    delimiters = state.src[state.bMarks[start + 1] : state.eMarks[start + 1]]
    return table(state, start, min(end, start + 2 + table_rows(delimiters)), silent)


def _too_deep(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Show what is nested too deep as plain text, instead of dropping it."""
    if state.level < NESTING:
        return False
    after = start
    while after < end and not state.isEmpty(after) and state.sCount[after] >= state.blkIndent:
        after += 1
    token = state.push("plain", "p", 0)
    token.content = state.getLines(start, after, state.blkIndent, False)
    token.map = [start, after]
    state.line = after
    return True


def _inline(state: StateCore) -> None:
    references: References = state.env["references"]
    for token in state.tokens:
        if token.type != "inline":
            continue
        token.children = children = []
        content = token.content
        if len(content) > TEXT_LIMIT or len(_MARKS.findall(content)) > MARK_LIMIT:
            children.append(_text(content))
            token.meta["plain"] = True
            continue
        references.asked = set()
        inline = _Inline(content, state.md, state.env, children)
        state.md.inline.tokenize(inline)
        for rule in state.md.inline.ruler2.getRules(""):
            rule(inline)
        if references.asked:
            token.meta["labels"] = references.asked


def _addresses(state: StateCore) -> None:
    """Make links of web addresses that stand in the text."""
    for token in state.tokens:
        if token.type == "inline" and "://" in token.content and not token.meta.get("plain"):
            depth = 0
            children: list[Token] = []
            for child in token.children or ():
                depth += (child.type == "link_open") - (child.type == "link_close")
                linked = child.type == "text" and not depth and "://" in child.content
                children.extend(_linked(state.md, child.content) if linked else [child])
            token.children = children


def _linked(md: MarkdownIt, text: str) -> Iterator[Token]:
    position = 0
    for match in _ADDRESS.finditer(text):
        address = _without_sentence_marks(match[0])
        yield _text(text[position : match.start()])
        link = Token("link_open", "a", 1)
        link.attrs = {"href": md.normalizeLink(address)}
        yield link
        yield _text(address)
        yield Token("link_close", "a", -1)
        position = match.start() + len(address)
    yield _text(text[position:])


def _without_sentence_marks(address: str) -> str:
    while True:
        shorter = address.rstrip("?!.,:;*_~'\"")
        if shorter.endswith(")") and shorter.count(")") > shorter.count("("):
            shorter = shorter[:-1]
        if shorter == address:
            return address
        address = shorter


def _text(content: str) -> Token:
    token = Token("text", "", 0)
    token.content = content
    return token
