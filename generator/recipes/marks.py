"""What must be in a translation as it is in the text: placeholders, elements, addresses, code."""

import re
from collections import Counter

_MARK = re.compile(
    r"""
    ```.*?```                                               # code
  | `[^`\n]+`
  | https?://[!-~]{1,2000}                                  # an address: no letters beyond ASCII
  | \{\{[^{}\n]+\}\} | \$\{[^{}\n]+\} | \{[^{}\s]*\}        # {{x}} ${x} {x} {}
  | %\(\w+\)[-+#0-9.]*[a-zA-Z]                              # %(x)s
  | %(?:\d{1,2}\$)?[-+#0]{0,5}\d{0,6}(?:\.\d{1,6})?[sdifgxXcu@](?![a-zA-Z])  # %s %1$s %.2f
  | </?[a-zA-Z][\w:-]*                                      # an element: its attributes may change
    """,
    re.VERBOSE | re.DOTALL,
)
_AFTER_ADDRESS = ".,;:!?'\"`*_)]}>"


def lost(source: str, answer: str) -> list[str]:
    """Return the marks that are in `source` more often than in `answer`, in their order."""
    kept = Counter(_marks(answer))
    missing = []
    for mark in _marks(source):
        if kept[mark]:
            kept[mark] -= 1
        else:
            missing.append(mark)
    return missing


def _marks(text: str) -> list[str]:
    found = (match.group() for match in _MARK.finditer(text))
    return [_address(mark) if mark.startswith("http") else " ".join(mark.split()) for mark in found]


def _address(mark: str) -> str:
    """Return an address without what follows it: a sentence's end, a link's, an element's."""
    mark = re.split(r"[<>\"`|]|\)(?=[^/]*$)|\]", mark, maxsplit=1)[0]
    return mark.rstrip(_AFTER_ADDRESS)
