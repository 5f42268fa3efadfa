"""A text, several of them, or the ids of their tokens: what completions and embeddings read."""

from dataclasses import dataclass
from typing import Any

from api.v1.asked.fields import empty_array, missing, wrong_type
from api.v1.refusals import invalid
from providers.tokens import FRAMING

MOST_TEXTS = 2048
_MOST_ID = 2**31 - 1


@dataclass(frozen=True)
class Texts:
    """`count` texts: as they are, or as so many `tokens`, with what a model puts around each."""

    count: int
    texts: tuple[str, ...] = ()
    tokens: int = 0


def texts_in(body: dict[str, Any], name: str) -> Texts:
    """Return what the field called `name` holds. Raises `Refused`."""
    value = body.get(name)
    if value is None:
        raise missing(name)
    if isinstance(value, str):
        return Texts(1, (value,))
    if not isinstance(value, list):
        raise wrong_type(name, "a string or an array")
    if not value:
        raise empty_array(name)
    if type(value[0]) is int:
        return _tokens([value], [name])
    if len(value) > MOST_TEXTS:
        message = f"Invalid '{name}': expected an array of at most {MOST_TEXTS} elements."
        raise invalid(message, name, "array_above_max_length")
    if isinstance(value[0], list):
        return _tokens(value, [f"{name}[{number}]" for number in range(len(value))])
    if not all(isinstance(each, str) for each in value):
        raise wrong_type(name, "strings, or the ids of tokens")
    return Texts(len(value), tuple(value))


def _tokens(lists: list[Any], names: list[str]) -> Texts:
    for ids, name in zip(lists, names, strict=True):
        if not isinstance(ids, list) or not all(type(each) is int for each in ids):
            raise wrong_type(name, "the ids of tokens")
        if not ids:
            raise empty_array(name)
        if min(ids) < 0 or max(ids) > _MOST_ID:
            message = f"Invalid '{name}': expected ids of tokens from 0 to {_MOST_ID}."
            raise invalid(message, name, "integer_out_of_range")
    return Texts(len(lists), tokens=sum(len(ids) + FRAMING for ids in lists))
