"""Text that needs no parser: words at the end of a paragraph, and what is shown as it is."""

import re
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from boundary.markdown.blocks import Block
from boundary.markdown.growth import Growth
from boundary.markdown.parser import TEXT_LIMIT
from boundary.markdown.patches import CLOSERS, LAST

# Characters that, once a line has a letter, change nothing but the end of its text …
_PLAIN = re.compile(r"""(?:[\w ,.;:?!'"()/%+=@{}^-]|[^\x00-\x7f\s])+""")
# … unless the text before ends so: an emphasis may close here, an escape or an entity begin.
_UNDECIDED = frozenset(r"*_~]$\&#")
_PARAGRAPHS = {"p", "li", "h3", "h4", "h5", "h6"}


class Words(NamedTuple):
    """Where plain words can be added without a parse."""

    target: str  # CSS selector of the paragraph
    closing: int  # length of the closing tags behind its text
    parens: bool  # whether a closing parenthesis is plain, too
    capped: bool  # the paragraph is too long to be parsed at all

    def take(self, source: str, text: str) -> str | None:
        """Return what `text`, added to `source`, adds to the paragraph; None if only a parse
        can tell."""
        shown = source.rstrip()
        pending = source[len(shown) :]
        if "\n" in pending:
            return None
        if not text.strip("\n"):
            return ""  # the end of a line shows nothing
        if self.capped:
            return None if "\n" in text else (pending + text).rstrip()
        if pending.strip(" ") or shown[-1] in _UNDECIDED or len(source) + len(text) > TEXT_LIMIT:
            return None
        if not _PLAIN.fullmatch(text) or "_" in text or (not self.parens and ")" in text):
            return None
        word = source[source.rfind(" ") + 1 :]
        if "&" in word or "://" in word + text:
            return None
        return (pending + text).rstrip(" ")

    def insert(self, html: str, added: str) -> str:
        """Return the paragraph's outermost element with `added` at the end of the text."""
        end = len(html) - self.closing
        return f"{html[:end]}{escaped(added)}{html[end:]}"


def words(
    selector: str, shown: Sequence[str | Growth], source: str, blocks: Sequence[Block]
) -> Words | None:
    """Return where words can be added, if the open zone ends with text of a paragraph."""
    if not shown or "]:" in source:
        return None
    last, base = shown[-1], selector + LAST
    if isinstance(last, Growth):
        base += LAST * last.depth
        last = last.shown[-1] if last.shown else ""
    closers = CLOSERS.search(last)
    if closers is None:
        return None
    names = closers[0][2:-1].split("></")
    end = source.rstrip()
    ending = escaped(end[max(end.rfind(" "), end.rfind("\n")) + 1 :][-20:])
    if names[0] not in _PARAGRAPHS or not last[: closers.start()].endswith(ending):
        return None
    inline = [token for token in blocks[-1].tokens if token.type == "inline"]
    capped = bool(inline and inline[-1].meta.get("plain") and names[0] in ("p", "li"))
    line = source[source.rfind("\n") + 1 :]
    alone = capped and len(line) == len(source) and line[0] in "&<$\\]!("
    if not alone and not re.search(r"[^\W\d_]", line):
        return None  # may yet become a list, a heading, a rule …
    target = base + LAST * (len(names) - 1)
    return Words(target, len(closers[0]), "](" not in source, capped)


def block(text: str) -> str:
    """Return text as an element that shows it as it is."""
    return f'<pre class="plain"><code>{escaped(text)}</code></pre>'


def escaped(text: str) -> str:
    return escape(text, quote=False)
