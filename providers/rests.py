"""What is left alone after a call failed, and for how long."""

import datetime as dt

from providers import errors

_SECONDS_OF_A_KEY: dict[type[errors.ProviderError], float] = {
    errors.AuthenticationFailed: 15 * 60,
    errors.QuotaExceeded: 10 * 60,
    errors.RateLimited: 30,  # unless the server says
}
_LONGEST = 15 * 60.0
# The server's fault or the model's, not the question's: the next call would fail as well. A stream
# that fell silent or broke off had begun, which speaks for its server.
_OF_THE_SERVER = (
    errors.ModelNotFound,
    errors.PermissionRefused,
    errors.ConnectTimeout,
    errors.FirstTokenTimeout,
    errors.ConnectionFailed,
    errors.ServerFailed,
    errors.BadResponse,
)


def rest_of_key(error: errors.ProviderError) -> dt.timedelta | None:
    """Return how long the key of the failed call rests; None: not at all."""
    seconds = _SECONDS_OF_A_KEY.get(type(error))
    if seconds is None:
        return None
    if isinstance(error, errors.RateLimited) and error.retry_after is not None:
        seconds = min(max(error.retry_after, 0.0), _LONGEST)
    return dt.timedelta(seconds=seconds) or None


def rests_the_model(error: errors.ProviderError) -> bool:
    """Say whether the deployment that was called rests for its `cool_down_seconds`."""
    return isinstance(error, _OF_THE_SERVER)
