"""Requests that no view could read, and the answers to them."""

from collections.abc import Callable

from django.core.exceptions import BadRequest, RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.html import escape
from django.utils.translation import gettext as _


class ReadableMiddleware:
    """Refuses bodies in another charset than UTF-8, and NUL in a query.

    Django decodes with any codec that the client names, some of which are no charsets at all
    (`unicode_escape` makes lone surrogates, `hex` raises); Postgres refuses NUL in any text.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        charset = (request.content_params or {}).get("charset", "utf-8")
        if charset.lower() != "utf-8" or "%00" in request.META.get("QUERY_STRING", ""):
            raise BadRequest("a body that is no UTF-8, or NUL in the query")
        return self.get_response(request)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say of a body over the limit that it is too large: in the composer, or as a page."""
    if not isinstance(exception, RequestDataTooBig):
        return render(request, "400.html", status=400)
    sentence = _("This is too large to be sent. Nothing was changed; please shorten it.")
    if request.headers.get("HX-Request") == "true":
        headers = {"HX-Retarget": "[data-refusal]", "HX-Reswap": "innerHTML"}
        return HttpResponse(escape(sentence), status=413, headers=headers)
    return render(request, "413.html", {"sentence": sentence}, status=413)
