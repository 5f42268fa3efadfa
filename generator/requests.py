"""What the views of this room share."""

from collections.abc import Callable
from typing import TypeVar

from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest
from django_htmx.middleware import HtmxDetails

from accounts.models import User

T = TypeVar("T")


class Request(HttpRequest):
    """A request as the middleware hands it on: somebody is signed in."""

    user: User
    htmx: HtmxDetails


def or_not_found(act: Callable[[], T]) -> T:
    """Do it; what was deleted, or taken away, meanwhile is not found."""
    try:
        return act()
    except ObjectDoesNotExist:
        raise Http404 from None
