"""Answers to requests that no view could read."""

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.views.defaults import bad_request as plain_bad_request


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say of a body over the limit that it is too large: in the composer, or as a page."""
    if not isinstance(exception, RequestDataTooBig):
        return plain_bad_request(request, exception)
    sentence = _("This is too large to be sent. Nothing was changed; please shorten it.")
    if request.headers.get("HX-Request") == "true":
        headers = {"HX-Retarget": "#composer-error", "HX-Reswap": "innerHTML"}
        return HttpResponse(escape(sentence), status=413, headers=headers)
    return render(request, "413.html", {"sentence": sentence}, status=413)
