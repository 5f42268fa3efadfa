"""What the address and the headers of a socket say of its page."""

import datetime as dt
from typing import Any
from urllib.parse import parse_qs

from django.http import HttpRequest
from django.utils import timezone, translation


def query_of(scope: dict[str, Any]) -> dict[str, list[str]]:
    return parse_qs(scope.get("query_string", b"").decode("latin-1"))


def made_at(scope: dict[str, Any]) -> dt.datetime:
    """Return when the page was made, as `?since=` tells. An unusable value means: just now."""
    try:
        # A margin of one second: clocks of two processes, and a page being made.
        return dt.datetime.fromtimestamp(float(query_of(scope)["since"][0]) - 1, dt.UTC)
    except (KeyError, ValueError, OverflowError, OSError):
        return timezone.now()


def language_of(scope: dict[str, Any]) -> str:
    """Return the language in which the page of this socket was made."""
    request = HttpRequest()
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    request.META["HTTP_ACCEPT_LANGUAGE"] = headers.get(b"accept-language", "")
    request.COOKIES = scope.get("cookies", {})
    return translation.get_language_from_request(request)
