"""A page of the administration: under which master keys the secrets are, and re-encryption.

What `manage.py rotate_master_key` does, for who has no shell: a request at a time.
"""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from boundary.rotation import Tally, places, reencrypt
from ops.actions import record_reencryption

SECONDS = 8.0  # of work in one request
# What people call the places that hold secrets.
NAMES = {
    "api_keptanswer.body": gettext_lazy("Answers to requests that may be repeated"),
    "accounts_apikeypepper.secret": gettext_lazy("What API keys are recognised by"),
    "providers_credential.secret": gettext_lazy("Keys of providers"),
    "mfa_authenticator.data": gettext_lazy("Second factors of people"),
}


@require_http_methods(["GET", "HEAD", "POST"])
def encryption(request: HttpRequest) -> HttpResponse:
    """Show what is under which key; POST re-encrypts what is under earlier ones for a while."""
    if not request.user.is_superuser:
        raise PermissionDenied
    if request.method == "POST":
        _reencrypt(request)
        return HttpResponseRedirect(reverse("encryption"))
    tallies = _tallies()
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Encryption"),
        "table": {
            "headers": [_("Secrets"), _("current key"), _("earlier keys"), _("unreadable")],
            "rows": [
                [NAMES.get(name, name), each.current, each.earlier, each.unreadable]
                for name, each in tallies.items()
            ],
        },
        "left": sum(each.earlier for each in tallies.values()),
        "unreadable": sum(each.unreadable for each in tallies.values()),
    }
    return render(request, "admin/encryption.html", context)


def _tallies() -> dict[str, Tally]:
    return {place.name: place.tally() for place in places()}


def _reencrypt(request: HttpRequest) -> None:
    done = reencrypt(seconds=SECONDS)
    record_reencryption(done)
    left = sum(each.earlier for each in _tallies().values())
    said = [
        ngettext("%d secret was re-encrypted.", "%d secrets were re-encrypted.", done.rotated)
        % done.rotated,
        ngettext("%d is left.", "%d are left.", left) % left if left else _("None is left."),
    ]
    messages.success(request, " ".join(said))
    if count := len(done.failures):
        words = ngettext("%d could not be read.", "%d could not be read.", count) % count
        messages.warning(request, words)
