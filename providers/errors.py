"""Everything that can go wrong between us and a model, as one tree.

    ProviderError
    ├── RateLimited            rate_limit           retry
    │   └── KeysBusy           keys_busy            retry
    ├── QuotaExceeded          quota
    ├── AuthenticationFailed   authentication
    │   └── KeysUnreadable     keys_unreadable
    ├── PermissionRefused      permission
    ├── ModelNotFound          model_not_found
    ├── ModelWithdrawn         withdrawn            here
    ├── BadRequest             bad_request          here
    │   ├── ContextTooLong     context_too_long
    │   └── ContentFiltered    content_filter       here
    ├── ProviderTimeout        timeout              retry
    │   ├── ConnectTimeout     timeout_connect      retry
    │   ├── FirstTokenTimeout  timeout_first_token  retry
    │   ├── IdleTimeout        timeout_idle         retry
    │   └── TotalTimeout       timeout_total        here
    ├── ConnectionFailed       connection           retry
    │   └── AddressRefused     address_refused
    ├── ServerFailed           server               retry
    │   └── Overloaded         overloaded           retry
    ├── StreamCut              cut_stream           retry
    ├── BadResponse            bad_response         retry
    │   └── Redirected         redirected
    ├── LimitReached           limit                here
    │   ├── RequestsLimited    limit_requests       retry
    │   ├── TokensLimited      limit_tokens         retry
    │   ├── StreamsLimited     limit_streams        retry
    │   ├── BudgetHeld         budget_held          retry
    │   ├── BudgetSpent        budget               here
    │   ├── CallTooLarge       limit_size           here
    │   └── PriceUnknown       price_unknown        here
    └── WorkerLost             worker_lost          here

`retry` says that the same request may succeed later at the same place. Another key or deployment
may be asked after all but those marked `here` and what is below `LimitReached`. Whether there is a
next attempt is the engine's decision: never once text was committed for showing.
"""

import math
from functools import cache
from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Sentence = str | Promise


class ProviderError(Exception):
    """A call to a model failed.

    `kind` is a stable slug for rows and metrics, `sentence` is translated and safe to show: it
    never holds upstream text. `detail` is the upstream's own message with anything that looks
    like a key removed, for the administrator's log only; `str()` and `repr()` leave it out.
    """

    kind: ClassVar[str] = "provider"
    retry: ClassVar[bool] = False
    elsewhere: ClassVar[bool] = True  # another key or deployment may answer
    is_of_key: ClassVar[bool] = False  # another key of the same provider may do
    waits: ClassVar[bool] = False  # nothing was asked: the call waits for its turn
    sentence: ClassVar[Sentence] = _("The model could not answer.")

    def __init__(
        self, detail: str = "", *, status: int | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(self.kind)
        self.detail = detail
        self.status = status
        self.retry_after = retry_after
        self.headers: dict[str, str] = {}

    def told_headers(self) -> dict[str, str]:
        """Return the headers for whoever is refused: how limits stand, and when to come again."""
        if self.retry_after is None:
            return self.headers
        return {**self.headers, "Retry-After": str(math.ceil(self.retry_after))}

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (type(self), self.detail, self.status, self.retry_after))

    def __repr__(self) -> str:
        return f"{type(self).__name__}(status={self.status}, retry_after={self.retry_after})"


def _rebuild(
    cls: type[ProviderError], detail: str, status: int | None, retry_after: float | None
) -> ProviderError:
    return cls(detail, status=status, retry_after=retry_after)


class RateLimited(ProviderError):
    """Too many requests or tokens a minute."""

    kind = "rate_limit"
    is_of_key = True
    retry = True
    sentence = _("The model is receiving too many requests. Try again in a moment.")


class KeysBusy(RateLimited):
    """Each of the provider's keys is at a limit that an administrator gave it; none was asked."""

    kind = "keys_busy"
    is_of_key = False
    waits = True


class QuotaExceeded(ProviderError):
    """The provider's account has no money or allowance left."""

    kind = "quota"
    is_of_key = True
    sentence = _("The account at the model's provider has used up its quota.")


class AuthenticationFailed(ProviderError):
    """The credential is missing, wrong or revoked."""

    kind = "authentication"
    is_of_key = True
    sentence = _("The model's provider refused the stored key. An administrator can replace it.")


class KeysUnreadable(AuthenticationFailed):
    """None of the provider's keys can be decrypted with the master keys there are."""

    kind = "keys_unreadable"
    is_of_key = False
    sentence = _("The stored key cannot be decrypted. Store it again.")


class PermissionRefused(ProviderError):
    """The credential is right, but may not use this model or region."""

    kind = "permission"
    sentence = _("The stored key may not use this model.")


class ModelNotFound(ProviderError):
    """The provider knows no model of this name, or no API at this address."""

    kind = "model_not_found"
    sentence = _("The provider has no model of this name.")


class ModelWithdrawn(ProviderError):
    """The model was removed or switched off, or is not for this person any more."""

    kind = "withdrawn"
    elsewhere = False
    sentence = _("This model is not offered to you any more. Choose another one.")


class BadRequest(ProviderError):
    """The provider did not accept the request."""

    kind = "bad_request"
    elsewhere = False
    sentence = _("The provider did not accept the request.")


class ContextTooLong(BadRequest):
    """Input and output together exceed the model's context window."""

    kind = "context_too_long"
    elsewhere = True  # at a deployment that reads more
    sentence = _("The text is too long for this model.")


class ContentFiltered(BadRequest):
    """The provider's filter refused the prompt."""

    kind = "content_filter"
    sentence = _("The provider's content filter refused this request.")


class ProviderTimeout(ProviderError):
    """A deadline passed."""

    kind = "timeout"
    retry = True
    sentence = _("The model took too long to answer.")


class ConnectTimeout(ProviderTimeout):
    """No connection within the deadline."""

    kind = "timeout_connect"
    sentence = _("The model's provider could not be reached in time.")


class FirstTokenTimeout(ProviderTimeout):
    """Connected, but no text within the deadline."""

    kind = "timeout_first_token"
    sentence = _("The model took too long to begin its answer.")


class IdleTimeout(ProviderTimeout):
    """The stream began and then fell silent."""

    kind = "timeout_idle"
    sentence = _("The model stopped in the middle of its answer.")


class TotalTimeout(ProviderTimeout):
    """The answer went on for longer than one answer may."""

    kind = "timeout_total"
    retry = False
    elsewhere = False
    sentence = _("The answer took longer than is allowed.")


class ConnectionFailed(ProviderError):
    """No connection, or it was lost before the answer began."""

    kind = "connection"
    retry = True
    sentence = _("The model's provider could not be reached.")


class AddressRefused(ConnectionFailed):
    """The provider's address is one this installation may not call (see `boundary.egress`)."""

    kind = "address_refused"
    retry = False
    sentence = _("The address of this provider is not allowed. An administrator can change it.")


class ServerFailed(ProviderError):
    """The provider answered with an error of its own."""

    kind = "server"
    retry = True
    sentence = _("The model's provider had an error.")


class Overloaded(ServerFailed):
    """The provider is up, but has no capacity now, or is still loading the model."""

    kind = "overloaded"
    sentence = _("The model is overloaded at the moment. Try again in a moment.")


class StreamCut(ProviderError):
    """The stream ended without a reason to finish: what came is not the whole answer."""

    kind = "cut_stream"
    retry = True
    sentence = _("The connection to the model broke off before the answer was complete.")


class BadResponse(ProviderError):
    """The provider sent something that cannot be read as an answer."""

    kind = "bad_response"
    retry = True
    sentence = _("The model's provider sent an answer that could not be read.")


class Redirected(BadResponse):
    """The provider's address leads to another one, where neither prompts nor keys are sent."""

    kind = "redirected"
    retry = False
    sentence = _(
        "This provider's address redirects to another one. "
        "An administrator can enter the new address."
    )


class LimitReached(ProviderError):
    """A limit or budget that an administrator or the key's owner set: nothing was asked.

    `headers` are those of OpenAI's API that say how the limits stand.
    """

    kind = "limit"
    elsewhere = False
    sentence = _("A limit is reached.")

    def __init__(
        self,
        detail: str = "",
        *,
        status: int | None = None,
        retry_after: float | None = None,
        sentence: Sentence | None = None,
    ) -> None:
        super().__init__(detail, status=status, retry_after=retry_after)
        if sentence is not None:
            self.sentence = sentence  # type: ignore[misc, assignment]  # closer than the kind's


class RequestsLimited(LimitReached):
    """Too many calls began within the last minute."""

    kind = "limit_requests"
    retry = True
    waits = True
    sentence = _("The limit of requests a minute is reached. Try again in a moment.")


class TokensLimited(LimitReached):
    """Too many tokens were used within the last minute."""

    kind = "limit_tokens"
    retry = True
    waits = True
    sentence = _("The limit of tokens a minute is reached. Try again in a moment.")


class StreamsLimited(LimitReached):
    """Too many answers are being written."""

    kind = "limit_streams"
    retry = True
    waits = True
    sentence = _("As many answers as are allowed at once are being written. Wait for one to end.")


class BudgetHeld(LimitReached):
    """What is left of a budget is held by calls that have not ended."""

    kind = "budget_held"
    retry = True
    waits = True
    sentence = _("What is left of the budget is held by answers that are being written.")


class BudgetSpent(LimitReached):
    """What is left of a budget does not pay for a useful answer."""

    kind = "budget"
    sentence = _("The budget is used up.")


class CallTooLarge(LimitReached):
    """A call that exceeds what a limit allows in a whole minute."""

    kind = "limit_size"
    sentence = _("The text is longer than the limit of tokens a minute allows.")


class PriceUnknown(LimitReached):
    """A budget applies, and nobody told the model's price."""

    kind = "price_unknown"
    sentence = _("A budget applies, but the price of this model is not known. Choose another one.")


class WorkerLost(ProviderError):
    """Not the provider's: our own process was stopped, or died, while it read the answer."""

    kind = "worker_lost"
    elsewhere = False
    sentence = _("Causerie was stopped while this was being written.")


def sentence_of(kind: str) -> Sentence:
    """Return the sentence of the error called `kind`, or a general one for an unknown slug."""
    return _sentences().get(kind, ProviderError.sentence)


@cache
def _sentences() -> dict[str, Sentence]:
    found: dict[str, Sentence] = {}
    classes: list[type[ProviderError]] = [ProviderError]
    while classes:
        cls = classes.pop()
        found[cls.kind] = cls.sentence
        classes.extend(cls.__subclasses__())
    return found
