"""What a program asks: its JSON, read and checked as far as we must know it.

Everything else in it is the model's: it is passed on as it came.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from accounts.models import Endpoint
from api.v1.refusals import invalid
from providers.models import ModelSpec
from providers.values import Wire

MOST_BYTES = 20 * 2**20
_DEEPEST = 64
_MOST_CHOICES = 128
# Some gateways let a request say where it goes and with which key: never with the provider's.
_FORBIDDEN = (
    "api_base", "api_key", "api_version", "base_url", "custom_llm_provider", "extra_body",
    "extra_headers", "fallbacks", "headers", "model_list", "organization", "user_config",
)  # fmt: skip
# What a server that was given it would fetch. It need not be spelled well to be read by one.
_ADDRESS = re.compile(r"\s*[a-z][a-z0-9+.-]*:\s*[/\\]", re.IGNORECASE)
_CAPS = ("max_completion_tokens", "max_tokens")


@dataclass(frozen=True)
class Asked:
    """One request: which model by its public name, and what for."""

    endpoint: Endpoint
    model: str
    body: dict[str, Any]
    is_stream: bool
    wants_usage: bool
    choices: int
    cap: int | None

    def wire(self, model: ModelSpec) -> Wire:
        """Return the request as it is sent to the provider of `model`."""
        most = model.max_output_tokens
        return Wire(
            path=f"/{self.endpoint.value}",
            body=self.body,
            texts=tuple(_texts(self.body)),
            max_tokens=min(self.cap or most, most),
            has_media=_has_media(self.body.get("messages")),
            choices=self.choices,
            is_stream=self.is_stream,
            wants_usage=self.wants_usage,
            may_be_shorter=self.cap is None,
        )


def read(endpoint: Endpoint, given: bytes) -> Asked:
    """Read a request's body. Raises `Refused`."""
    body = _object(given)
    for name in _FORBIDDEN:
        if name in body:
            raise invalid(f"Unrecognized request argument supplied: {name}", name)
    model = body.get("model")
    if not isinstance(model, str) or not 0 < len(model) <= 200 or "\x00" in model:
        raise invalid("you must provide a model parameter", "model")
    _check_messages(body.get("messages"))
    is_stream = _flag(body, "stream")
    options = body.get("stream_options")
    if options is not None and not isinstance(options, dict):
        raise invalid("Invalid type for 'stream_options': expected an object.", "stream_options")
    if options and not is_stream:
        message = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        raise invalid(message, "stream_options")
    caps = [cap for name in _CAPS if (cap := _whole_number(body, name, 2**31 - 1)) is not None]
    return Asked(
        endpoint,
        model,
        body,
        is_stream,
        wants_usage=bool(options and options.get("include_usage")),
        choices=_whole_number(body, "n", _MOST_CHOICES) or 1,
        cap=min(caps, default=None),
    )


def _object(given: bytes) -> dict[str, Any]:
    try:
        body = json.loads(given)
        # Neither NaN nor half a surrogate pair can be sent on.
        json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
        depth = _depth(body)
    except (ValueError, RecursionError):
        body, depth = None, 0
    if not isinstance(body, dict) or depth > _DEEPEST:
        raise invalid("We could not parse the JSON body of your request.")
    return body


def _depth(value: Any, depth: int = 0) -> int:
    if depth > _DEEPEST:
        return depth
    inside = value.values() if isinstance(value, dict) else value
    if not isinstance(value, dict | list):
        return depth
    return max((_depth(each, depth + 1) for each in inside), default=depth)


def _check_messages(messages: Any) -> None:
    if not isinstance(messages, list):
        raise invalid("Missing required parameter: 'messages'.", "messages")
    if not messages:
        message = "Invalid 'messages': empty array. Expected an array with minimum length 1."
        raise invalid(message, "messages", "empty_array")
    for number, each in enumerate(messages):
        if not isinstance(each, dict) or not isinstance(each.get("role"), str):
            name = f"messages[{number}]"
            raise invalid(f"Invalid '{name}': expected an object with a role.", name)
        if not isinstance(each.get("content"), str | list | None):
            name = f"messages[{number}].content"
            message = f"Invalid type for '{name}': expected a string or an array."
            raise invalid(message, name, "invalid_type")
        for part in _parts(each):
            _check_part(part, f"messages[{number}].content")


def _parts(message: Any) -> list[Any]:
    content = message.get("content")
    return content if isinstance(content, list) else []


def _check_part(part: Any, name: str) -> None:
    """Refuse addresses: a provider in our own network would fetch what its callers must not."""
    if not isinstance(part, dict):
        raise invalid(f"Invalid type for '{name}': expected objects.", name, "invalid_type")
    image = part.get("image_url")
    url = image.get("url") if isinstance(image, dict) else image
    if url is not None and not (isinstance(url, str) and url.startswith("data:image/")):
        message = "Images are taken as data URLs only: data:image/…;base64,…"
        raise invalid(message, f"{name}.image_url", "invalid_image_url")
    if any(_ADDRESS.match(text) for text in _strings(part) if text is not part.get("text")):
        message = f"Invalid value for '{name}': content is taken as data, not from an address."
        raise invalid(message, name, "invalid_value")


def _strings(value: Any) -> Iterator[str]:
    """Yield the texts at any depth of what is known not to be deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each)


def _flag(body: dict[str, Any], name: str) -> bool:
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise invalid(f"Invalid type for '{name}': expected a boolean.", name, "invalid_type")
    return bool(value)


def _whole_number(body: dict[str, Any], name: str, most: int) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if type(value) is not int:
        raise invalid(f"Invalid type for '{name}': expected an integer.", name, "invalid_type")
    if not 1 <= value <= most:
        message = f"Invalid '{name}': expected a value from 1 to {most}."
        raise invalid(message, name, "integer_out_of_range")
    return value


def _texts(body: dict[str, Any]) -> Iterator[str]:
    """Yield all that a model reads as text: messages, and what describes tools and the answer."""
    for message in body["messages"]:
        yield json.dumps(message, ensure_ascii=False)
    for name in ("tools", "functions", "response_format", "prediction"):
        if body.get(name):
            yield json.dumps(body[name], ensure_ascii=False)


def _has_media(messages: Any) -> bool:
    return any(part.get("type") != "text" for each in messages for part in _parts(each))
