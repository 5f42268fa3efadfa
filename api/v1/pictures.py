"""Pictures that a request names by their address: we fetch them, the provider never does.

A provider in our own network could reach what its callers must not. What is fetched is public, is
bounded in bytes and time, and is known to be a picture by its content.
"""

import asyncio
import base64
from collections.abc import Iterator
from typing import Any

from accounts.models import Endpoint
from api.v1.asked import Asked
from api.v1.asked.chat import parts_of
from api.v1.asked.parts import is_remote, picture_of
from api.v1.callers import Caller
from api.v1.refusals import Refused, invalid, of_call
from boundary.egress.addresses import AddressNotAllowed, Rules
from boundary.egress.fetch import FetchError, TooLarge, fetch
from boundary.egress.urls import UrlNotAllowed
from boundary.pictures import media_type
from providers.errors import LimitReached
from providers.models import ModelSpec
from runs.threads import in_thread
from usage.peek import peek

MOST_BYTES = 20 * 2**20  # of all pictures of a request together
MOST_PICTURES = 20
SECONDS = 20.0  # for all of them
# What an administrator's list opens is for providers, and not for whoever has a key.
_RULES = Rules(heeds_list=False)


async def fetch_pictures(asked: Asked, caller: Caller, model: ModelSpec) -> None:
    """Put the pictures that are named by an address into the request. Raises `Refused`.

    Nothing is fetched for a caller whose limits leave no room for the shortest answer.
    """
    if asked.endpoint is not Endpoint.CHAT or not asked.extent.has_media:
        return
    remote = list(_remote(asked.body))
    if len(remote) > MOST_PICTURES:
        message = f"At most {MOST_PICTURES} images of one request are fetched."
        raise invalid(message, "messages", "invalid_image_url")
    if remote:
        await in_thread(_check_limits, caller, model)
    left = MOST_BYTES
    try:
        async with asyncio.timeout(SECONDS):
            for name, part in remote:
                data = await _fetched(picture_of(part), name, left)
                left -= len(data)
                _put(part, f"data:{_kind(data, name)};base64,{base64.b64encode(data).decode()}")
    except TimeoutError:
        raise _refused("The images could not be fetched in time.", "messages") from None


def _check_limits(caller: Caller, model: ModelSpec) -> None:
    try:
        peek(caller.payer, model, patience=0)
    except LimitReached as reached:
        raise of_call(reached) from None


def _remote(body: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the parts whose pictures are elsewhere, with their names."""
    for number, message in enumerate(body["messages"]):
        for part in parts_of(message):
            if is_remote(picture_of(part)):
                yield f"messages[{number}].content.image_url", part


async def _fetched(url: str, name: str, most: int) -> bytes:
    """Return what is at `url`. Whether anything is, and why not, is not told apart."""
    try:
        found = await fetch(url, rules=_RULES, max_bytes=most, max_seconds=SECONDS)
    except TooLarge:
        message = f"Images that are fetched have at most {MOST_BYTES // 2**20} MiB together."
        raise _refused(message, name) from None
    except (FetchError, AddressNotAllowed, UrlNotAllowed):
        found = None
    if found is None or found.status != 200:
        raise _refused("The image could not be fetched from its address.", name)
    return found.body


def _kind(data: bytes, name: str) -> str:
    kind = media_type(data)
    if kind is None:
        raise _refused("What is at the address is no PNG, JPEG, GIF or WebP image.", name)
    return kind


def _put(part: dict[str, Any], data_url: str) -> None:
    image = part["image_url"]
    part["image_url"] = {**image, "url": data_url} if isinstance(image, dict) else data_url


def _refused(message: str, name: str) -> Refused:
    return invalid(message, name, "invalid_image_url")
