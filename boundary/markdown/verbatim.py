"""Text that is shown as it is, line by line, also while it is being written."""

from django.utils.safestring import SafeString, mark_safe

from boundary.markdown import plain
from boundary.markdown.patches import LAST, Patch


def verbatim(text: str) -> SafeString:
    """Return `text` as HTML that shows it as it is."""
    return mark_safe(plain.block(text)) if text else SafeString("")  # noqa: S308 - escaped


class VerbatimRenderer:
    """As `StreamRenderer`, of what `verbatim` shows."""

    open_length = 0  # nothing is ever parsed

    def __init__(self, selector: str) -> None:
        self._selector = selector
        self._text: list[str] = []

    def feed(self, delta: str) -> list[Patch]:
        """Add text; return the changes it makes."""
        if not delta:
            return []
        first = not self._text
        self._text.append(delta)
        if first:
            return [Patch(self._selector, "beforeend", plain.block(delta))]
        return [Patch(self._selector + LAST + LAST, "beforeend", plain.escaped(delta))]

    def snapshot(self) -> SafeString:
        return verbatim("".join(self._text))
