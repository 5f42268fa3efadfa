"""How long a result is, in the words of people."""

import re

from django.utils.translation import ngettext

from generator.lengths import word_count
from generator.recipes.base import Kind

# A block of code in Markdown, to its end or that of the text.
_CODE = re.compile(
    r"^ {0,3}(`{3,}|~{3,})[^\n]*\n(?P<code>.*?)(?:^ {0,3}\1[`~]* *$|\Z)", re.MULTILINE | re.DOTALL
)
_HEAD = 2  # lines of a table that are no rows: its columns' names, and what is below them


def measure(text: str, kind: Kind) -> str:
    """Return how many rows a table has, else how many words and lines of code there are."""
    if kind is Kind.TABLE:
        lines = sum(line.startswith("|") for line in text.splitlines())
        rows = max(lines - _HEAD, 0)
        return ngettext("%(rows)s row", "%(rows)s rows", rows) % {"rows": rows}
    code = "" if kind is Kind.PLAIN else "\n".join(each["code"] for each in _CODE.finditer(text))
    lines = sum(bool(line.strip()) for line in code.splitlines())
    words = word_count(_CODE.sub("", text) if lines else text)
    told = []
    if words or not lines:
        told.append(ngettext("%(words)s word", "%(words)s words", words) % {"words": words})
    if lines:
        counted = ngettext("%(lines)s line of code", "%(lines)s lines of code", lines)
        told.append(counted % {"lines": lines})
    return " · ".join(told)
