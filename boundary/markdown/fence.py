"""A code block that is still being written: its own lines are appended, nothing else is sent."""

import re
from dataclasses import dataclass, field
from html import escape

from boundary.markdown.highlight import LineHighlighter, language_label
from boundary.markdown.html import CodeCache, figure, partial, visible_partial
from boundary.markdown.patches import LAST, Patch
from boundary.markdown.sanitise import clean

_OPENING = re.compile(r"( {0,3})(`{3,}|~{3,})(.*)")


@dataclass
class OpenFence:
    """State of a fenced block whose closing line has not come."""

    indent: int
    language: str
    closing: re.Pattern[str]
    highlighter: LineHighlighter
    lines: list[str] = field(default_factory=list)  # HTML of whole lines
    unfinished: str = ""  # source of the last line
    shown: str = ""  # what of it is shown

    @classmethod
    def start(cls, source: str, code: CodeCache) -> "OpenFence | None":
        """Return the state after `source`, which starts with the opening line.

        Nothing when the block is closed in there.
        """
        first, _, rest = source.partition("\n")
        opening = _OPENING.fullmatch(first)
        if opening is None:
            return None
        indent, marks, info = opening.groups()
        closing = re.compile(rf" {{0,3}}{re.escape(marks)}{re.escape(marks[0])}*[ \t]*")
        language = language_label(info)
        fence = cls(len(indent), language, closing, LineHighlighter(language))
        whole = rest.rfind("\n") + 1
        lines = rest[:whole].split("\n")[:-1]
        if any(map(closing.fullmatch, lines)):
            return None
        dedented = "".join(f"{fence._dedent(line)}\n" for line in lines)
        fence.highlighter, html = code.take(language, dedented)
        fence.lines = [clean(html)]
        fence.unfinished = rest[whole:]
        fence.shown = visible_partial(fence._dedent(fence.unfinished))
        return fence

    def feed(self, text: str, base: str) -> tuple[list[Patch], str | None]:
        """Return the changes of `base`'s last element, and what follows the block once closed."""
        code = f"{base}{LAST}>pre>code"
        *whole, unfinished = (self.unfinished + text).split("\n")
        lines: list[str] = []
        rest = None
        for index, line in enumerate(whole):
            if self.closing.fullmatch(line):
                rest = "\n".join([*whole[index + 1 :], unfinished])
                unfinished = ""
                break
            lines.append(clean(self.highlighter.line(f"{self._dedent(line)}\n")))
        self.lines += lines
        self.unfinished = unfinished
        before, self.shown = self.shown, visible_partial(self._dedent(unfinished))
        if not before:
            content = "".join(lines) + partial(self.shown)
            return ([Patch(code, "beforeend", content)] if content else []), rest
        if lines or not self.shown.startswith(before):
            content = "".join(lines) + partial(self.shown)
            return [Patch(code + LAST, "outerHTML" if content else "delete", content)], rest
        grown = escape(self.shown[len(before) :], quote=False)
        return ([Patch(code + LAST, "beforeend", grown)] if grown else []), rest

    def html(self) -> str:
        """Return the whole block."""
        return figure(self.language, "".join(self.lines) + partial(self.shown))

    def _dedent(self, line: str) -> str:
        """Return a line without the columns the opening line is indented by."""
        column = position = 0
        while position < len(line) and column < self.indent and line[position] in " \t":
            column += 1 if line[position] == " " else 4 - column % 4
            position += 1
        return " " * (column - self.indent) + line[position:]
