"""What counts as a URL that may be called at all, before anything is resolved."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from yarl import URL

LONGEST_LABEL = 63  # RFC 1035, 2.3.4


class UrlNotAllowed(ValueError):
    """The text is not a URL that may be called."""


def check_url(url: str) -> URL:
    """Return `url` parsed; raise `UrlNotAllowed` when it is not a plain http(s) URL.

    A literal address is left to the connector, which checks all alike.
    """
    if not url.isascii() or not url.isprintable() or set(url) & set(' \\"<>^`{|}'):
        raise UrlNotAllowed("the URL has characters that do not belong into one")
    try:
        parsed = URL(url)
        host, port = parsed.host, parsed.port
    except ValueError:
        raise UrlNotAllowed("not a URL") from None
    if parsed.scheme not in {"http", "https"} or not host or not port:
        raise UrlNotAllowed("the URL must start with http:// or https:// and name a host")
    labels = (parsed.raw_host or "").removesuffix(".").split(".")
    if not all(0 < len(label) <= LONGEST_LABEL for label in labels):
        raise UrlNotAllowed("the host is no name")
    if parsed.user is not None or parsed.password is not None:
        raise UrlNotAllowed("the URL must not hold a user name or password")
    return parsed


def origin(url: URL) -> str:
    """Return scheme, host and port of `url`, always with the port."""
    return f"{url.scheme}://{url.raw_host}:{url.port}".lower()


def validate_url(url: str) -> None:
    """Raise `ValidationError` unless `check_url` accepts `url`: a validator for fields."""
    try:
        check_url(url)
    except UrlNotAllowed:
        raise ValidationError(
            _("Give an address that begins with http:// or https://, without a password."),
            code="url",
        ) from None
