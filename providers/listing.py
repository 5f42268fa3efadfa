"""Asking a server for its list of models: https://platform.openai.com/docs/api-reference/models/list."""

import json
from typing import Any

from boundary.egress.addresses import AddressNotAllowed, Rules
from boundary.egress.fetch import (
    BrokenOff,
    FetchError,
    TooLarge,
    TooManyHops,
    TooSlow,
    fetch,
)
from boundary.egress.urls import UrlNotAllowed, check_url, origin
from providers import errors
from providers.backends.failures import from_status
from providers.key_header import key_header
from providers.offers import Offered, read

_MOST_BYTES = 8 * 2**20


async def listed(
    base_url: str, secret: str, *, kind: str, allow_private: bool, seconds: float
) -> list[Offered]:
    """Return the models of the list, in its order; an empty `secret` is not sent.

    Raises the errors of `providers.errors`: `ModelNotFound` where there is no list at this address,
    `Redirected` where it is at another server, which did not get the key.
    """
    url = f"{base_url}/models"
    rules = Rules(allow_private=allow_private)
    try:
        answer = await fetch(
            url,
            rules=rules,
            credential=key_header(kind, secret),
            max_bytes=_MOST_BYTES,
            max_seconds=seconds,
        )
    except (AddressNotAllowed, UrlNotAllowed) as error:
        raise errors.AddressRefused(str(error)) from None
    except TooManyHops as error:
        raise errors.Redirected(str(error)) from None
    except TooSlow as error:
        raise errors.ConnectTimeout(str(error)) from None
    except TooLarge as error:
        raise errors.BadResponse(str(error)) from None
    except BrokenOff as error:
        raise errors.StreamCut(str(error)) from None
    except FetchError as error:
        raise errors.ConnectionFailed(str(error)) from None
    if origin(check_url(answer.url)) != origin(check_url(url)):
        raise errors.Redirected("to another origin")
    if answer.status != 200:
        raise from_status(answer.status, _parsed(answer.body), {}, secret)
    try:
        return read(answer.body)
    except ValueError as error:
        raise errors.BadResponse(str(error)) from None


def _parsed(body: bytes) -> Any:
    """Return what the body's JSON says; the text itself where it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")
