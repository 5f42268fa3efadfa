"""Tokens to HTML, without white space between blocks (so that elements can be told apart by
position alone) and with headings two levels down: the page owns h1 and h2."""

import re
from collections.abc import Callable, Iterable
from html import escape
from urllib.parse import urlsplit

from markdown_it.token import Token

from boundary.markdown.highlight import LineHighlighter, language_label
from boundary.markdown.math import formula

_TAGS = {"h1": "h3", "h2": "h4", "h3": "h5", "h4": "h6", "h5": "h6", "s": "del"}
_FENCE_LINE = re.compile(r"[ \t]*(?:`*|~*)[ \t]*")


class CodeCache:
    """Keeps the highlighters of blocks that are still being written."""

    def __init__(self) -> None:
        self._blocks: list[tuple[str, str, LineHighlighter, str]] = []

    def highlight(self, language: str, code: str) -> str:
        """Return the HTML of whole lines; only those added since the last call are lexed."""
        highlighter, html = self.take(language, code)
        self._blocks = [*self._blocks[-3:], (language, code, highlighter, html)]
        return html

    def take(self, language: str, code: str) -> tuple[LineHighlighter, str]:
        """Return the highlighter that goes on after whole lines, and their HTML."""
        seen, highlighter, html = "", LineHighlighter(language), ""
        for block in self._blocks:
            if block[0] == language and code.startswith(block[1]):
                self._blocks.remove(block)
                _, seen, highlighter, html = block
                break
        return highlighter, html + "".join(map(highlighter.line, _lines(code[len(seen) :])))


class HtmlWriter:
    """Writes tokens as HTML that still has to be sanitised."""

    def __init__(self, code: CodeCache | None = None) -> None:
        self._code = code or CodeCache()
        self._blocks: dict[str, Callable[[Token], str]] = {
            "inline": self.inline,
            "fence": self._fence,
            "code_block": lambda token: figure("", self._code.highlight("", token.content)),
            "math_block": _display,
            "plain": lambda token: f"<p>{_escaped(token.content)}</p>",
            "hr": lambda token: "<hr>",
            "table_open": lambda token: '<div class="table" tabindex="0"><table>',
            "table_close": lambda token: "</table></div>",
            "list_item_open": _item,
        }

    def write(self, tokens: Iterable[Token]) -> str:
        """Return the HTML of block tokens."""
        parts = []
        for token in tokens:
            if token.hidden:
                continue
            special = self._blocks.get(token.type)
            parts.append(special(token) if special else _tag(token))
        return "".join(parts)

    def inline(self, token: Token) -> str:
        """Return the HTML of a paragraph's content."""
        parts = []
        depth = 0  # links do not nest
        for child in token.children or ():
            depth += (child.type == "link_open") - (child.type == "link_close")
            if child.type == "text":
                parts.append(_escaped(child.content))
            elif child.type == "image":
                parts.append(_escaped(_alt(child)) if depth else _image(child))
            else:
                write = _INLINE.get(child.type)
                parts.append(write(child) if write else _tag(child))
        return "".join(parts)

    def _fence(self, token: Token) -> str:
        language = language_label(token.info)
        whole = token.content.rfind("\n") + 1
        html = self._code.highlight(language, token.content[:whole])
        return figure(language, html + partial(token.content[whole:]))


def figure(language: str, code: str) -> str:
    """Return the frame of a code block. Its caption is where the page adds a copy button."""
    label = escape(language)
    attribute = f' data-lang="{label}"' if label else ""
    return (
        f'<figure class="code"{attribute}><figcaption>{label}</figcaption>'
        f'<pre tabindex="0"><code>{code}</code></pre></figure>'
    )


def partial(line: str) -> str:
    """Return a code line that is not finished yet.

    It stays plain and in an element of its own, to be replaced once it is complete. What may
    become the closing fence is not shown.
    """
    shown = visible_partial(line)
    return f'<span class="partial">{_escaped(shown)}</span>' if shown else ""


def visible_partial(line: str) -> str:
    """Return the part of an unfinished code line that is shown."""
    return "" if _FENCE_LINE.fullmatch(line) else line


def _lines(text: str) -> list[str]:
    return [f"{line}\n" for line in text.split("\n")[:-1]]


def _escaped(text: str) -> str:
    return escape(text, quote=False)


def _tag(token: Token) -> str:
    name = _TAGS.get(token.tag, token.tag)
    if token.nesting < 0:
        return f"</{name}>"
    attributes = "".join(_attributes(token))
    return f"<{name}{attributes}>"


def _attributes(token: Token) -> Iterable[str]:
    for name, value in token.attrs.items():
        if name == "style":  # a table cell's alignment
            side = str(value).removeprefix("text-align:")
            if side != "left":
                yield f' class="{side}"'
        elif name in ("href", "title", "start"):
            yield f' {name}="{escape(str(value))}"'


def _item(token: Token) -> str:
    if "checked" not in token.meta:
        return "<li>"
    if token.meta["checked"]:
        return '<li><span class="task done">☑</span> '
    return '<li><span class="task">☐</span> '


def _display(token: Token) -> str:
    converted = formula(token.markup, token.content, block=True)
    return f'<div class="formula" tabindex="0">{converted}</div>'


def _alt(token: Token) -> str:
    """Return an image's description; its content was parsed as Markdown and is shown as text."""
    return "".join(child.content or _alt(child) for child in token.children or ())


def _image(token: Token) -> str:
    """Return a link in place of a picture: loading it would tell its host who reads."""
    source = str(token.attrs["src"])
    host = urlsplit(source).netloc.rpartition("@")[2] if source.startswith("http") else ""
    label = f"{_alt(token)} ({host})" if host else _alt(token)
    return f'<a class="image" href="{escape(source)}">{_escaped(label.strip())}</a>'


_INLINE: dict[str, Callable[[Token], str]] = {
    "softbreak": lambda token: "\n",
    "hardbreak": lambda token: "<br>",
    "code_inline": lambda token: f"<code>{_escaped(token.content)}</code>",
    "math_inline": lambda token: formula(token.markup, token.content, block=False),
    "math_block": lambda token: formula(token.markup, token.content, block=True),
}
