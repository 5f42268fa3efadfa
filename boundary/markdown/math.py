r"""Formulas: `$…$` and `\(…\)` in text, `$$…$$` and `\[…\]` as blocks, LaTeX to MathML.

A block begins on a line that starts with `$$` or `\[` and ends on the line its closing mark ends;
while that is missing, it reaches to the next empty line and shows its source. So whether a line
belongs to a formula depends on earlier lines only, as with fenced code.
"""

import re
from functools import lru_cache
from html import escape

import latex2mathml.converter
from markdown_it import MarkdownIt
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block.state_block import StateBlock
from markdown_it.rules_inline.state_inline import StateInline

from boundary.markdown.sanitise import clean_formula

SOURCE_LIMIT = 2_000  # longer formulas show their source
DEPTH_LIMIT = 40
_INLINE_LIMIT = 1_000
_DOLLAR = re.compile(r"\$(?![\s$])((?:[^$\\]|\\.){1,1000}?)(?<!\s)\$(?!\d)", re.DOTALL)
_CLOSING = {"$$": "$$", r"\[": r"\]", r"\(": r"\)"}


def install(md: MarkdownIt) -> None:
    """Teach the parser both kinds of formula."""
    interrupts: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}
    md.block.ruler.before("fence", "math_block", _block, interrupts)
    md.inline.ruler.before("escape", "math_inline", _inline)


def formula(source: str, latex: str, *, block: bool) -> str:
    """Return the MathML of `latex`, or its `source` as code where it cannot be converted."""
    converted = _mathml(latex.strip(), block)
    return converted or f'<code class="math">{escape(source, quote=False)}</code>'


@lru_cache(maxsize=1024)
def _mathml(latex: str, block: bool) -> str:
    if not latex or len(latex) > SOURCE_LIMIT or _depth(latex) > DEPTH_LIMIT:
        return ""
    try:
        converted = latex2mathml.converter.convert(latex, display="block" if block else "inline")
    except Exception:  # the converter raises whatever a malformed formula runs into
        return ""
    if not block:
        converted = converted.replace(' display="inline"', "", 1)
    cleaned = clean_formula(converted)
    whole = cleaned.startswith("<math") and cleaned.endswith("</math>")
    return cleaned if whole and cleaned.count("<math") == 1 else ""


def _depth(latex: str) -> int:
    deepest = depth = 0
    for mark in re.findall(r"[{}]|\\left|\\right|\\begin|\\end", latex):
        depth += 1 if mark in ("{", r"\left", r"\begin") else -1
        deepest = max(deepest, depth)
    return deepest


def _inline(state: StateInline, silent: bool) -> bool:
    start = state.pos
    opening = state.src[start : start + 2]
    if opening in _CLOSING:
        closing = _CLOSING[opening]
        end = state.src.find(closing, start + 2, min(state.posMax, start + _INLINE_LIMIT))
        if end < 0 or not state.src[start + 2 : end].strip():
            return False
        return _push(state, silent, start, end + 2, state.src[start + 2 : end], opening != r"\(")
    if not opening.startswith("$"):
        return False
    match = _DOLLAR.match(state.src, start, state.posMax)
    return match is not None and _push(state, silent, start, match.end(), match[1], False)


def _push(state: StateInline, silent: bool, start: int, end: int, latex: str, block: bool) -> bool:
    if not silent:
        token = state.push("math_block" if block else "math_inline", "math", 0)
        token.content = latex
        token.markup = state.src[start:end]
    state.pos = end
    return True


def _block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    if state.is_code_block(start):
        return False
    first = _line(state, start)
    closing = _CLOSING.get(first[:2])
    if first[:2] not in ("$$", r"\[") or closing is None:
        return False
    rest = first[2:]
    if closing in rest and (rest.index(closing) != len(rest) - 2 or not rest[:-2].strip()):
        return False  # text around it: a formula within a paragraph
    if silent:
        return True
    lines = [rest]
    after = start + 1
    while not lines[-1].endswith(closing) and after < end and _continues(state, after):
        lines.append(_line(state, after))
        after += 1
    state.line = after
    latex = "\n".join(lines)
    closed = latex.endswith(closing)
    token = state.push("math_block", "math", 0)
    token.content = latex[:-2] if closed else ""
    token.markup = first[:2] + latex
    token.map = [start, after]
    return True


def _continues(state: StateBlock, line: int) -> bool:
    return not state.isEmpty(line) and state.sCount[line] >= state.blkIndent


def _line(state: StateBlock, line: int) -> str:
    """Return a line without its indentation, closing white space and sentence mark."""
    text = state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]].rstrip()
    return text[:-1] if text.endswith(("$$.", "$$,", r"\].", r"\],")) else text
