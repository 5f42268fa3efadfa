"""Answers that are data: the JSON in them, held against the schema that was asked for."""

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from boundary.storable import all_storable
from generator.recipes.base import Misread, Problem
from generator.shortening import shortened

_FENCED = re.compile(r"```[\w-]*\n(.*?)```", re.DOTALL)
_BEGINNING = re.compile(r"[{\[]")
_MOST_BEGINNINGS = 40  # of JSON among words: a text of brackets only is not tried at each of them
_MOST_ERRORS = 50  # looked at for the one to tell of
_LONGEST_REASON = 200  # letters of what the model is told


def of_list(name: str, properties: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an object with one list of objects that have all of `properties`."""
    item = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {name: {"type": "array", "items": item}},
        "required": [name],
        "additionalProperties": False,
    }


def json_of(text: str, schema: dict[str, Any]) -> Any:
    """Return the first JSON in an answer that keeps to `schema`: alone, fenced or among words.

    Raises `Misread`, which says what is wrong with the first that does not.
    """
    validator = Draft202012Validator(schema)
    reason = "it is not JSON"
    for value in _values(text):
        error = best_match(islice(validator.iter_errors(value), _MOST_ERRORS))
        if error is None:
            return value
        if reason == "it is not JSON":
            reason = f"{error.json_path}: {error.message}"
    raise misread(reason)


def misread(reason: str) -> Misread:
    """Return what tells the model that its answer is not the data it was asked for."""
    reason = shortened(reason, _LONGEST_REASON)
    return Misread(
        Problem.NOT_JSON,
        f"An earlier answer could not be used: {reason}. Answer with the JSON only, in exactly "
        "the form that is asked for.",
    )


def _values(text: str) -> Iterator[Any]:
    """Yield the objects and lists that a text holds."""
    for candidate in (text, *_FENCED.findall(text)):
        try:
            yield all_storable(_decoder.decode(candidate.strip()))
        except (ValueError, RecursionError):
            continue
    end = 0
    for beginning in list(_BEGINNING.finditer(text))[:_MOST_BEGINNINGS]:
        if beginning.start() < end:  # within one that was read
            continue
        try:
            value, end = _decoder.raw_decode(text, beginning.start())
            yield all_storable(value)
        except (ValueError, RecursionError):
            continue


def _refused(name: str) -> Any:
    raise ValueError(f"{name} is no number")


_decoder = json.JSONDecoder(parse_constant=_refused)
