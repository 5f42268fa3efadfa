"""Why an action on people was refused. Each error's text is a sentence safe to show."""

from typing import TYPE_CHECKING

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from accounts.models import ApiKey


class AccountError(Exception):
    sentence: str | Promise = ""

    def __str__(self) -> str:
        return str(self.sentence)


class SignUpClosed(AccountError):
    sentence = _("Sign-up is closed here. Ask the administrator for an account.")


class SetupLinkNeeded(AccountError):
    sentence = _(
        "The first account here becomes the administrator, so it needs the set-up link. "
        "It was printed where Causerie was started."
    )


class AddressTaken(AccountError):
    sentence = _("Somebody already signed up with this e-mail address.")


class LastAdministrator(AccountError):
    sentence = _("This is the only administrator. Make somebody else one first.")


class TeamInUse(AccountError):
    """Without the team, everybody could use what only it may."""

    sentence = _(
        "Models are limited to this team. Choose other teams on their pages first, "
        "or open them to everybody there."
    )


class TooManyKeys(AccountError):
    sentence = _("There are too many API keys. Revoke one that is not needed any more.")


class KeyMade(AccountError):
    """What asked for a key has one already: `key`."""

    sentence = _("This API key has already been made.")

    def __init__(self, key: "ApiKey") -> None:
        self.key = key


class KeyRotated(AccountError):
    sentence = _("This API key was rotated in the meantime.")


class ApiKeyRefused(AccountError):
    """A key for programs opens nothing."""


class UnknownKey(ApiKeyRefused):
    sentence = _("There is no such API key.")


class KeyRevoked(ApiKeyRefused):
    sentence = _("This API key was revoked.")


class KeyExpired(ApiKeyRefused):
    sentence = _("This API key has expired.")


class OwnerSuspended(ApiKeyRefused):
    sentence = _("The account that this API key belongs to is suspended.")


class AddressNotAllowed(ApiKeyRefused):
    sentence = _("This API key may not be used from this address.")
