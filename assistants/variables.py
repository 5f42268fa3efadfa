"""Variables in a saved prompt: `{{name}}`, `{{name|default}}`, `{{name...}}`.

A name is letters, digits, underscores and spaces, and does not start with a digit; the same name
is the same variable wherever it stands. Dots after it ask for a long text. What follows the first
`|` is the default; with one (an empty one too) the variable may be left alone. Anything else
between braces is plain text: this is no template language, nothing is looked up or executed.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

LONGEST_NAME = 60
# Bounded and without braces inside, so that a search is linear in the length of the text.
_PLACE = re.compile(r"\{\{([^{}\n]{1,400})\}\}")
_NAME = re.compile(r"[^\W\d][\w ]*")


@dataclass(frozen=True, slots=True)
class Variable:
    """A gap in a prompt. `default` is `None` where something must be filled in."""

    name: str
    default: str | None = None
    is_long: bool = False

    @property
    def is_required(self) -> bool:
        return self.default is None


def variables(text: str) -> list[Variable]:
    """Return the variables of `text`, each once, in the order of their first place.

    The first default given for a name counts; it is long where any of its places says so.
    """
    found: dict[str, Variable] = {}
    for place in _PLACE.finditer(text):
        new = _parse(place[1])
        if new is None:
            continue
        old = found.get(new.name, new)
        default = new.default if old.default is None else old.default
        found[new.name] = Variable(new.name, default, old.is_long or new.is_long)
    return list(found.values())


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return `text` with its variables replaced; without a value by the default, or by nothing.

    Values are plain text: braces in them are not looked at again.
    """
    return "".join(_pieces(text, values))


def filled_length(text: str, values: Mapping[str, str]) -> int:
    """Return the length of `fill(text, values)` without building it."""
    return sum(len(piece) for piece in _pieces(text, values))


def _pieces(text: str, values: Mapping[str, str]) -> Iterator[str]:
    defaults = {variable.name: variable.default or "" for variable in variables(text)}
    end = 0
    for place in _PLACE.finditer(text):
        variable = _parse(place[1])
        if variable is None:
            continue
        yield text[end : place.start()]
        yield values.get(variable.name, defaults[variable.name])
        end = place.end()
    yield text[end:]


def _parse(inside: str) -> Variable | None:
    """Read what stands between the braces; `None` where it is no variable."""
    name, bar, default = inside.partition("|")
    name = name.strip()
    is_long = name.endswith("...")
    name = " ".join(name.removesuffix("...").split())
    if not _NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        return None
    return Variable(name, default.strip() if bar else None, is_long)
