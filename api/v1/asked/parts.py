"""Parts of a message that are more than text: whatever they hold comes with the request.

An address in one would be fetched by the provider: one in our own network must not fetch what its
callers may not.
"""

import re
from collections.abc import Iterator
from typing import Any

from api.v1.asked.fields import wrong_type
from api.v1.refusals import invalid

# It need not be spelled well to be read by a server.
_ADDRESS = re.compile(r"\s*(https?:|file:|[a-z][a-z0-9+.-]*:\s*[/\\])", re.IGNORECASE)
_SPOKEN = ("text", "refusal")  # parts that a model reads as text: addresses in it are words
_REMOTE = ("https://", "http://")


def check_part(part: Any, name: str, *, may_be_remote: bool = False) -> None:
    """Raise `Refused` for what is no part, or names an address.

    `may_be_remote` lets a picture's pass: we fetch it ourselves.
    """
    if not isinstance(part, dict) or not isinstance(part.get("type"), str):
        raise wrong_type(name, "objects with a type")
    kind = part["type"]
    if kind in _SPOKEN and not isinstance(part.get(kind), str):
        raise wrong_type(f"{name}.{kind}", "a string")
    if "image_url" in part:
        _check_picture(part, name, may_be_remote=may_be_remote and kind == "image_url")
    for key in part.keys() - {"image_url", kind if kind in _SPOKEN else ""}:
        refuse_addresses(part[key], f"{name}.{key}")


def _check_picture(part: dict[str, Any], name: str, *, may_be_remote: bool) -> None:
    url, image = picture_of(part), part["image_url"]
    is_sent = isinstance(url, str) and url.startswith("data:image/")
    if not is_sent and not (may_be_remote and is_remote(url)):
        message = "Images are taken as data URLs (data:image/…;base64,…)"
        message += ", or fetched from http:// and https:// addresses." if may_be_remote else "."
        raise invalid(message, f"{name}.image_url", "invalid_image_url")
    if isinstance(image, dict):
        beside = {key: value for key, value in image.items() if key != "url"}
        refuse_addresses(beside, f"{name}.image_url")


def picture_of(part: dict[str, Any]) -> Any:
    """Return a part's image URL, which some programs write without the object around it."""
    image = part.get("image_url")
    return image.get("url") if isinstance(image, dict) else image


def is_remote(url: Any) -> bool:
    return isinstance(url, str) and url.lower().startswith(_REMOTE)


def refuse_addresses(value: Any, name: str) -> None:
    """Raise `Refused` where a text anywhere inside is an address."""
    if any(_ADDRESS.match(text) for text in _strings(value)):
        message = f"Invalid '{name}': addresses are not fetched. Send the content itself."
        raise invalid(message, name, "invalid_url")


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each)
