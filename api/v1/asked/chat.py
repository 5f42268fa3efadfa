"""`/v1/chat/completions`: messages, of which a model reads all."""

import json
from collections.abc import Iterator
from typing import Any

from api.v1.asked.extent import Extent
from api.v1.asked.fields import MOST_CHOICES, cap_of, empty_array, missing, whole_number, wrong_type
from api.v1.asked.parts import check_part
from api.v1.refusals import invalid


def extent_of(body: dict[str, Any]) -> Extent:
    messages = _messages(body.get("messages"))
    has_media = any(part["type"] != "text" for each in messages for part in parts_of(each))
    return Extent(
        texts=() if has_media else tuple(_texts(body)),
        has_media=has_media,
        writes=True,
        cap=cap_of(body),
        choices=whole_number(body, "n", MOST_CHOICES) or 1,
    )


def parts_of(message: dict[str, Any]) -> list[Any]:
    content = message.get("content")
    return content if isinstance(content, list) else []


def _messages(messages: Any) -> list[dict[str, Any]]:
    """Return them once they are known to be some. Raises `Refused`."""
    if not isinstance(messages, list):
        raise missing("messages") if messages is None else wrong_type("messages", "an array")
    if not messages:
        raise empty_array("messages")
    for number, each in enumerate(messages):
        name = f"messages[{number}]"
        if not isinstance(each, dict) or not isinstance(each.get("role"), str):
            raise invalid(f"Invalid '{name}': expected an object with a role.", name)
        if not isinstance(each.get("content"), str | list | None):
            raise wrong_type(f"{name}.content", "a string or an array of parts")
        for part in parts_of(each):
            check_part(part, f"{name}.content", may_be_remote=True)
    return messages


def _texts(body: dict[str, Any]) -> Iterator[str]:
    """Yield all that a model reads as text: messages, and what describes tools and the answer."""
    for message in body["messages"]:
        yield json.dumps(message, ensure_ascii=False)
    for name in ("tools", "functions", "response_format", "prediction"):
        if body.get(name):
            yield json.dumps(body[name], ensure_ascii=False)
