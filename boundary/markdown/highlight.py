"""Code highlighting, one line at a time.

A line's colours depend on this line and what came before it, never on what follows. So code can
be shown while it is being written, each line is lexed once, and streaming ends with the same
markup as rendering the whole. Pygments matches some constructs over several lines with one
expression (block comments above all); those are found by trying whether the line's construct
would go on until its closing mark.
"""

import logging
import re
from collections.abc import Hashable, Iterable, Iterator
from functools import cache, lru_cache
from html import escape
from typing import Any, NamedTuple, cast

from pygments.lexer import ExtendedRegexLexer, Lexer, LexerContext, RegexLexer
from pygments.lexers import get_lexer_by_name
from pygments.lexers.data import YamlLexer, YamlLexerContext
from pygments.token import Comment, Error, Generic, Keyword, Name, Number, Operator, String, Token
from pygments.util import ClassNotFound

logger = logging.getLogger(__name__)

LINE_LIMIT = 2_000  # longer lines are shown plain
BLOCK_LIMIT = 256 * 1024  # what follows in a longer block is shown plain
_STACK_LIMIT = 100

# Pygments' token types that get a colour, by the short class that prose pages style.
CLASSES = {
    Comment: "c",
    Comment.Preproc: "cp",
    Comment.PreprocFile: "s",
    Keyword: "k",
    Keyword.Constant: "kc",
    Keyword.Type: "kt",
    Name.Attribute: "na",
    Name.Builtin: "nb",
    Name.Class: "nc",
    Name.Constant: "no",
    Name.Decorator: "nd",
    Name.Entity: "no",
    Name.Exception: "nc",
    Name.Function: "nf",
    Name.Tag: "nt",
    Name.Variable: "nv",
    Number: "m",
    Operator.Word: "k",
    String: "s",
    String.Escape: "se",
    String.Interpol: "se",
    Generic.Deleted: "gd",
    Generic.Heading: "gh",
    Generic.Inserted: "gi",
    Generic.Prompt: "gp",
    Generic.Subheading: "gh",
    Generic.Traceback: "gd",
}
_PAIRS = (
    ("/*", "*/"),
    ("<!--", "-->"),
    ('"""', '"""'),
    ("'''", "'''"),
    ("--[[", "]]"),
    ("(*", "*)"),
    ("{-", "-}"),
    ("#|", "|#"),
)
# States of the HTML lexer in which another language is written, until the closing tag.
_EMBEDDED = {
    "script-content": ("javascript", re.compile(r"<\s*/\s*script", re.IGNORECASE)),
    "style-content": ("css", re.compile(r"<\s*/\s*style", re.IGNORECASE)),
}

Piece = tuple[Any, str]  # a token type and its text


class _Open(NamedTuple):
    """A construct that goes on in the next line."""

    closer: str
    kind: Any


class LineHighlighter:
    """Turns the lines of one code block into HTML, in their order."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._lexer = _lexer(language)
        self._stack: tuple[str, ...] = ("root",)
        self._context: LexerContext | None = None
        self._open: _Open | None = None
        self._embedded: dict[str, LineHighlighter] = {}
        self._seen = 0

    def line(self, text: str) -> str:
        """Return the HTML of the next line; `text` ends with its line feed."""
        if self._language == "php" and not self._seen and not text.lstrip().startswith("<"):
            self._stack = ("root", "php")  # models leave out the opening tag
        self._seen += len(text)
        if self._lexer is None or len(text) > LINE_LIMIT or self._seen > BLOCK_LIMIT:
            return escape(text, quote=False)
        return "".join(_spans(self._pieces(text)))

    def _pieces(self, text: str) -> list[Piece]:
        try:
            pieces = self._continued(text) if self._open else self._fresh(text)
        except Exception:
            logger.warning("Lexer failed; the block stays plain", exc_info=True)
            self._lexer = None
            return [(Token, text)]
        whole = "".join(piece for _, piece in pieces) == text
        return pieces if whole else [(Token, text)]  # a few lexers drop characters

    def _continued(self, text: str) -> list[Piece]:
        assert self._open
        closer, kind = self._open
        end = text.find(closer)
        if end < 0:
            return [(kind, text)]
        end += len(closer)
        self._open = None
        return [(kind, text[:end]), *self._fresh(text[end:])]

    def _fresh(self, text: str) -> list[Piece]:
        before = self._stack
        pieces = self._lex(text)
        for opener, closer in _PAIRS:
            at = text.rfind(opener)
            if at < 0 or (opener == closer and text.count(opener) % 2 == 0):
                continue
            if closer not in text[at + len(opener) :]:
                return self._prolonged(text, at, closer, before) or pieces
        return pieces

    def _prolonged(
        self, text: str, at: int, closer: str, stack: tuple[str, ...]
    ) -> list[Piece] | None:
        """Return the pieces of a line whose comment or string, open at `at`, goes on below."""
        if not isinstance(self._lexer, RegexLexer) or self._context:
            return None
        if _is_long(_run(self, self._lexer, "x\n", self._stack)[0][0][0]):
            return None  # the lexer's own states remember it
        pieces, after = _run(self, self._lexer, text + closer, stack)
        shown: list[Piece] = []
        position = 0
        kind = None
        for piece_kind, piece in pieces:
            if position + len(piece) > at:
                if _is_long(piece_kind) and (kind is None or _is_long(kind)):
                    kind = kind or piece_kind
                else:
                    return None
            shown.append((piece_kind, piece[: max(0, len(text) - position)]))
            position += len(piece)
        if kind is None:
            return None
        self._stack, self._open = after, _Open(closer, kind)
        return shown

    def _lex(self, text: str) -> list[Piece]:
        lexer = self._lexer
        assert lexer
        if isinstance(lexer, ExtendedRegexLexer):
            return self._lex_with_context(lexer, text)
        if not isinstance(lexer, RegexLexer):
            return _texts(lexer.get_tokens_unprocessed(text))
        pieces, after = _run(self, lexer, text, self._stack)
        if _refines(cast(Hashable, type(lexer))):
            pieces = _texts(lexer.get_tokens_unprocessed(text, self._stack))
        self._stack = after
        return pieces

    def _lex_with_context(self, lexer: ExtendedRegexLexer, text: str) -> list[Piece]:
        if self._context is None:
            kind = YamlLexerContext if isinstance(lexer, YamlLexer) else LexerContext
            self._context = kind(text, 0)
        context = self._context
        context.text, context.pos, context.end = text, 0, len(text)
        return _texts(lexer.get_tokens_unprocessed(context=context))

    def embedded(self, language: str) -> "LineHighlighter":
        """Return the highlighter of a language written inside this one."""
        return self._embedded.setdefault(language, LineHighlighter(language))


def language_label(info: str) -> str:
    """Return the language a fence names, or nothing when it is not a plausible name."""
    words = info.split(maxsplit=1)
    return words[0].lower() if words and re.fullmatch(r"[\w+#.-]{1,32}", words[0], re.A) else ""


@lru_cache(maxsize=256)
def _lexer(language: str) -> Lexer | None:
    if not language:
        return None
    try:
        return get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


@cache
def _refines(kind: Any) -> bool:
    """Tell whether a lexer sorts its tokens further, as C does with the names of types."""
    method = kind.get_tokens_unprocessed
    return (
        method is not RegexLexer.get_tokens_unprocessed
        and "stack" in method.__code__.co_varnames[: method.__code__.co_argcount]
    )


def _run(
    owner: LineHighlighter, lexer: RegexLexer, text: str, stack: tuple[str, ...]
) -> tuple[list[Piece], tuple[str, ...]]:
    """Lex `text` from the state `stack`; return the pieces and the state after it."""
    states = lexer._tokens
    pieces: list[Piece] = []
    position, turns = 0, 0
    while position < len(text):
        turns += 1
        if turns > 4 * len(text) + 100:  # rules that go round without reading
            pieces.append((Error, text[position:]))
            break
        language, closing = _EMBEDDED.get(stack[-1], ("", None))
        if closing and not closing.search(text, position):
            inner = owner.embedded(language)
            pieces += inner._pieces(text[position:])
            break
        for match_at, action, target in states[stack[-1]]:
            match = match_at(text, position)
            if match:
                if action is not None:
                    pieces += _act(lexer, action, match)
                position = match.end()
                stack = _move(stack, target)
                break
        else:
            if text[position] == "\n":
                stack = ("root",)
            pieces.append((Error, text[position]))
            position += 1
    return pieces, stack if len(stack) <= _STACK_LIMIT else ("root",)


def _act(lexer: RegexLexer, action: Any, match: re.Match[str]) -> list[Piece]:
    if type(action) is type(Token):
        return [(action, match.group())]
    return _texts(action(lexer, match))


def _move(stack: tuple[str, ...], target: Any) -> tuple[str, ...]:
    """Return the state stack after a rule's transition (Pygments' notation)."""
    if target is None:
        return stack
    if isinstance(target, int):
        return stack[:target] or stack[:1]
    if target == "#push":
        return (*stack, stack[-1])
    for state in target:
        if state == "#pop":
            stack = stack[:-1] or stack
        elif state == "#push":
            stack = (*stack, stack[-1])
        else:
            stack = (*stack, state)
    return stack


def _texts(tokens: Iterable[tuple[int, Any, str]]) -> list[Piece]:
    return [(kind, text) for _, kind, text in tokens]


def _is_long(kind: Any) -> bool:
    return kind in Comment or kind in String


@lru_cache(maxsize=1024)
def _class(kind: Any) -> str:
    while kind is not None:
        if kind in CLASSES:
            return CLASSES[kind]
        kind = kind.parent
    return ""


def _spans(pieces: list[Piece]) -> Iterator[str]:
    """Yield markup, neighbours of one class in one element, bare text without an element."""
    index, count = 0, len(pieces)
    while index < count:
        name = _class(pieces[index][0])
        text = pieces[index][1]
        index += 1
        while index < count and (_class(pieces[index][0]) == name or pieces[index][1].isspace()):
            text += pieces[index][1]
            index += 1
        if name and text:
            body = text.rstrip()
            yield f'<span class="{name}">{escape(body, quote=False)}</span>'
            text = text[len(body) :]
        yield escape(text, quote=False)
