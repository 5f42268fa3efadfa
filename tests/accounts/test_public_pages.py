"""Every page needs a signed-in person, except those named here."""

from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver

PUBLIC = {
    # health, for machines
    "healthz/",
    "readyz/",
    # signing in, up and out
    "accounts/login/",
    "accounts/signup/",
    "accounts/logout/",
    "admin/logout/",
    "admin/login/",
    "accounts/inactive/",
    "accounts/confirm-email/",
    "accounts/login/code/confirm/",
    "accounts/password/reset/",
    "accounts/password/reset/done/",
    "accounts/password/reset/key/done/",
    "accounts/2fa/authenticate/",
    "accounts/2fa/webauthn/login/",
    # choices of this browser
    "settings/language/",
    "settings/theme/",
}
PUBLIC_PATTERNS = ("confirm-email/(?P<key>", "password/reset/key/(?P<uidb36>")


def pages(patterns: list, prefix: str = "") -> Iterator[tuple[str, object]]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from pages(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern):
            yield path, pattern.callback


def test_only_these_pages_are_public():
    public = {
        path
        for path, view in pages(get_resolver().url_patterns)
        if not getattr(view, "login_required", True)
        and not any(pattern in path for pattern in PUBLIC_PATTERNS)
    }
    assert {path.rstrip("/") for path in public} <= {path.rstrip("/") for path in PUBLIC}
    assert {"accounts/login/", "settings/theme/"} <= public
