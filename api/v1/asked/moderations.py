"""`/v1/moderations`: texts and pictures that are judged."""

from typing import Any

from api.v1.asked.extent import Extent
from api.v1.asked.fields import empty_array, missing, wrong_type
from api.v1.asked.parts import check_part
from api.v1.asked.texts import MOST_TEXTS
from api.v1.refusals import invalid


def extent_of(body: dict[str, Any]) -> Extent:
    given = body.get("input")
    if given is None:
        raise missing("input")
    if isinstance(given, str):
        return Extent(texts=(given,))
    if not isinstance(given, list):
        raise wrong_type("input", "a string or an array")
    if not given:
        raise empty_array("input")
    if len(given) > MOST_TEXTS:
        message = f"Invalid 'input': expected an array of at most {MOST_TEXTS} elements."
        raise invalid(message, "input", "array_above_max_length")
    if all(isinstance(each, str) for each in given):
        return Extent(texts=tuple(given))
    for number, each in enumerate(given):
        check_part(each, f"input[{number}]")
    texts = tuple(each["text"] for each in given if each["type"] == "text")
    return Extent(texts=texts, has_media=len(texts) < len(given))
