"""Who is asking, and what a request without (or no longer with) a person is answered.

Pages need a signed-in person unless their view says `login_not_required`; see
`accounts.middleware`. Sockets and other long-lived things ask `session_user` again whenever the
rights version changes.
"""

from importlib import import_module
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY
from django.contrib.auth import SESSION_KEY as USER_SESSION_KEY
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.crypto import constant_time_compare
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from accounts.models import User


def session_user(session_key: str | None) -> User | None:
    """Return whose session this still is, read anew from the database; None if it ended.

    It ends by signing out, by being ended elsewhere, by its age, by a changed password, and when
    the person is deactivated or erased. Unlike `django.contrib.auth.get_user` it never writes, so
    that looking cannot end or renew anything.
    """
    session = import_module(settings.SESSION_ENGINE).SessionStore(session_key).load()
    if session.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return None
    try:
        user = User.objects.active().filter(pk=session[USER_SESSION_KEY]).first()
    except (KeyError, ValidationError, ValueError):
        return None
    if user is None:
        return None
    kept = session.get(HASH_SESSION_KEY) or ""
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return user if any(constant_time_compare(kept, each) for each in hashes) else None


def person(request: HttpRequest) -> User:
    """Who is asking, in a view that only signed-in people reach."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def answer_signed_out(request: HttpRequest) -> HttpResponse:
    """Answer a request whose session is missing or over, without losing what somebody wrote.

    A page leads to the sign-in page and back. A form sent from an open page is answered 401 with
    its text to copy. Scripts get a plain 401: htmx keeps the page as it is, so that what was typed
    stays, and `live.js` shows the way to sign in.
    """
    way_back = _way_back(request)
    if _is_script(request):
        sentence = _("Your session has ended. Please sign in again.")
        return HttpResponse(sentence, status=401, content_type="text/plain; charset=utf-8")
    if request.method in ("GET", "HEAD"):
        return redirect_to_login(way_back)
    page = {"kept_text": request.POST.get("text", ""), "next": way_back}
    return render(request, "account/session_ended.html", page, status=401)


def _is_script(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true" or not request.accepts("text/html")


def _way_back(request: HttpRequest) -> str:
    """The path of the page the person was on: never another site, never the target of a form."""
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    page = request.headers.get("Referer", "")
    here = {request.get_host()}
    if not page or not url_has_allowed_host_and_scheme(page, allowed_hosts=here):
        return "/"
    parts = urlsplit(page)
    return parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
