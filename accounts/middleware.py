"""Sign-in is required everywhere, unless a view is marked `login_not_required`.

And what the log and the audit trail say about a request: who asked, as far as that can be believed,
and no secret.
"""

import re
from collections.abc import Callable
from typing import Any

import structlog
from allauth.account.adapter import get_adapter
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django_structlog.middlewares import RequestMiddleware

from accounts.access import answer_signed_out
from ops.audit.acting import Acting, acts_by, acts_no_more


class SignInRequiredMiddleware(LoginRequiredMiddleware):
    """Django's, with an answer that fits pages, htmx and scripts alike."""

    def handle_no_permission(  # type: ignore[override]  # more than redirects, on purpose
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase]
    ) -> HttpResponse:
        return answer_signed_out(request)


# Links in mail: whoever reads the log must not be able to use them.
MAILED = re.compile(r"(/confirm-email/|/password/reset/key/)(?!done/)[^/]+")


class RequestLogMiddleware(RequestMiddleware):
    @classmethod
    def bind_ip(cls, request: HttpRequest) -> None:
        """The client's address, with X-Forwarded-For believed only where a proxy of ours is."""
        try:
            ip = get_adapter().get_client_ip(request)
        except PermissionDenied:
            ip = None
        structlog.contextvars.bind_contextvars(ip=ip)
        acts_by(Acting(request, ip))

    def handle_response(self, request: HttpRequest, response: Any) -> None:
        super().handle_response(request, response)
        acts_no_more()

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        """Method and path. Queries hold set-up tokens, addresses and what people look for."""
        return f"{request.method} " + MAILED.sub(r"\1[hidden]", request.path)
