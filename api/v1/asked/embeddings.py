"""`/v1/embeddings`: texts that are read, and nothing written."""

from typing import Any

from api.v1.asked.extent import Extent
from api.v1.asked.texts import texts_in
from api.v1.refusals import invalid


def extent_of(body: dict[str, Any]) -> Extent:
    given = texts_in(body, "input")
    if not all(given.texts):
        raise invalid("Invalid 'input': expected no empty string.", "input", "empty_string")
    return Extent(texts=given.texts, tokens=given.tokens)
