"""Pages of the administration that call a model: only this room may, by the metered call."""

import threading
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import User
from providers.models import Provider
from usage.actions import payer_of

# A test keeps one of the few threads that answer pages for seconds: only one at a time.
_turn = threading.Lock()


class Request(HttpRequest):
    """A request as the administration hands it on: somebody is signed in."""

    user: User


@require_http_methods(["GET", "HEAD", "POST"])
def connection_test(request: Request, provider_id: UUID) -> HttpResponse:
    """Show the button; after it was pressed, also what was found."""
    page = admin.site.get_model_admin(Provider)
    if not page.has_change_permission(request):
        raise PermissionDenied
    provider = get_object_or_404(Provider, pk=provider_id)
    lines = None
    if request.method == "POST":
        # Here, since the web process is spared what calls models until somebody asks for it.
        from usage.connection import try_connection

        if _turn.acquire(blocking=False):
            try:
                lines = try_connection(provider, payer_of(request.user))
            finally:
                _turn.release()
        else:
            sentence = _("Another connection is being tested. Try again in a moment.")
            messages.warning(request, sentence)
    context = {
        **admin.site.each_context(request),
        "title": _("Connection"),
        "opts": Provider._meta,
        "original": provider,
        "has_change_permission": True,
        "lines": lines,
    }
    return TemplateResponse(request, "usage/connection.html", context)
