"""A request's body as a JSON object that can be sent on."""

import json
from typing import Any

from api.v1.refusals import invalid

_DEEPEST = 64


def read_object(given: bytes) -> dict[str, Any]:
    """Return the JSON object in `given`. Raises `Refused`."""
    try:
        body = json.loads(given)
        # Neither NaN nor half a surrogate pair can be sent on.
        json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict) or _depth(body) > _DEEPEST:
        raise invalid("We could not parse the JSON body of your request.")
    return body


def _depth(value: dict[str, Any] | list[Any], depth: int = 0) -> int:
    if depth > _DEEPEST:
        return depth
    inside = value.values() if isinstance(value, dict) else value
    deeper = [each for each in inside if isinstance(each, dict | list)]
    return max((_depth(each, depth + 1) for each in deeper), default=depth)
