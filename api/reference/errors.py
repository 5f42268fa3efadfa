"""What is told of a request that is not answered: `type`, `code`, and what to do about it."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from api.reference.parameters import Words


@dataclass(frozen=True)
class Failure:
    """One answer that is an error. `code` is the commonest of its kind."""

    status: int
    code: str
    text: Words


FAILURES = (
    Failure(400, "invalid_type", _("The request is not as described; param names the field.")),
    Failure(400, "context_length_exceeded", _("The request is longer than the model reads.")),
    Failure(
        400, "idempotency_key_reused", _("The Idempotency-Key came with another request before.")
    ),
    Failure(401, "invalid_api_key", _("There is no such key, or it was revoked or has expired.")),
    Failure(401, "ip_not_authorized", _("The key may not be used from this address.")),
    Failure(403, "insufficient_permissions", _("The key does not open this endpoint.")),
    Failure(403, "price_unknown", _("A budget applies, and what the model costs is unknown.")),
    Failure(404, "model_not_found", _("There is no such model, or it is not open to the key.")),
    Failure(404, "unknown_url", _("There is no such endpoint.")),
    Failure(405, "", _("The endpoint takes another method: Allow names it.")),
    Failure(408, "", _("The request did not arrive within a minute.")),
    Failure(
        409, "idempotency_key_in_use", _("The first request with this Idempotency-Key still runs.")
    ),
    Failure(
        409,
        "idempotent_answer_not_kept",
        _("It was answered, and the answer was too long to keep."),
    ),
    Failure(413, "", _("The request is larger than 20 MiB.")),
    Failure(429, "rate_limit_exceeded", _("Too much at once: come again after Retry-After.")),
    Failure(429, "insufficient_quota", _("A budget is used up.")),
    Failure(500, "", _("An error of ours. It is written down under the x-request-id.")),
    Failure(502, "server", _("The model’s provider failed; it can be asked again.")),
    Failure(503, "overloaded", _("The model’s provider is overloaded.")),
    Failure(504, "timeout", _("The model did not answer in time.")),
)
STATUSES = tuple(dict.fromkeys(failure.status for failure in FAILURES))
