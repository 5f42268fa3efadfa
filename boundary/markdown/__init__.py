"""Text that people and models write, as HTML that is safe to show.

`render` makes all of it at once; `StreamRenderer` makes the same while the text is being written.
"""

from django.utils.safestring import SafeString, mark_safe

from boundary.markdown import plain
from boundary.markdown.blocks import LENGTH_LIMIT, first_oversized, line_starts, split
from boundary.markdown.html import HtmlWriter
from boundary.markdown.parser import References, normalise, parse
from boundary.markdown.patches import Patch
from boundary.markdown.sanitise import clean
from boundary.markdown.stream import StreamRenderer
from boundary.markdown.verbatim import VerbatimRenderer, verbatim

__all__ = ["Patch", "StreamRenderer", "VerbatimRenderer", "render", "verbatim"]


def render(source: str) -> SafeString:
    """Return the HTML of a text in the dialect of `boundary.markdown.parser`, sanitised last.

    What goes past the limits of `boundary.markdown.blocks` is shown as plain text at the end.
    """
    text = normalise(source)
    head = text[:LENGTH_LIMIT]
    tokens = parse(head, References())
    if oversized := first_oversized(split(tokens), starts := line_starts(head)):
        head = head[: starts[oversized.first]]
        tokens = parse(head, References())
    html = clean(HtmlWriter().write(tokens))
    rest = text[len(head) :]
    return mark_safe(html + plain.block(rest) if rest else html)  # noqa: S308 - sanitised
