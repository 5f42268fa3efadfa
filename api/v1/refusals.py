"""Errors as OpenAI's API tells them: a status, and an object with message, type, param and code.

https://platform.openai.com/docs/guides/error-codes
"""

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse

from accounts import errors as keys
from accounts.models import Endpoint
from providers import errors


@dataclass
class Refused(Exception):
    """A request that is answered with an error; nothing is charged."""

    status: int
    message: str
    type: str = "invalid_request_error"
    code: str | None = None
    param: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def body(self) -> bytes:
        told = {
            "message": self.message,
            "type": self.type,
            "param": self.param,
            "code": self.code,
        }
        return json.dumps({"error": told}, ensure_ascii=False).encode()

    def event(self) -> bytes:
        """Return it as the event that ends a stream in which text was sent already."""
        return b"data: " + self.body() + b"\n\n"

    def response(self) -> HttpResponse:
        return HttpResponse(
            self.body(), status=self.status, content_type="application/json", headers=self.headers
        )


def invalid(message: str, param: str | None = None, code: str | None = None) -> Refused:
    return Refused(HTTPStatus.BAD_REQUEST, message, param=param, code=code)


def no_such_model(name: str) -> Refused:
    message = f"The model `{name}` does not exist or you do not have access to it."
    return Refused(HTTPStatus.NOT_FOUND, message, code="model_not_found", param="model")


def not_for_this(name: str, endpoint: Endpoint, where: list[Endpoint]) -> Refused:
    """Return what is told of a model that is asked for something it is not made for."""
    message = f"The model `{name}` cannot be asked at /v1/{endpoint.value}."
    if where:
        message += f" Ask it at {', '.join(f'/v1/{each.value}' for each in where)}."
    return Refused(HTTPStatus.NOT_FOUND, message, code="model_not_supported", param="model")


def of_key(error: keys.ApiKeyRefused) -> Refused:
    code = "ip_not_authorized" if isinstance(error, keys.AddressNotAllowed) else "invalid_api_key"
    return Refused(HTTPStatus.UNAUTHORIZED, str(error.sentence), code=code)


_SERVER = "server_error"
_STATUS: dict[type[errors.ProviderError], tuple[int, str, str]] = {
    errors.CallTooLarge: (429, "tokens", "rate_limit_exceeded"),
    errors.TokensLimited: (429, "tokens", "rate_limit_exceeded"),
    errors.BudgetSpent: (429, "insufficient_quota", "insufficient_quota"),
    errors.PriceUnknown: (403, "invalid_request_error", "price_unknown"),
    errors.LimitReached: (429, "requests", "rate_limit_exceeded"),
    errors.RateLimited: (429, "requests", "rate_limit_exceeded"),
    errors.ContextTooLong: (400, "invalid_request_error", "context_length_exceeded"),
    errors.ContentFiltered: (400, "invalid_request_error", "content_filter"),
    errors.BadRequest: (400, "invalid_request_error", ""),
    errors.ModelWithdrawn: (404, "invalid_request_error", "model_not_found"),
    errors.Overloaded: (503, _SERVER, "overloaded"),
    errors.ProviderTimeout: (504, _SERVER, "timeout"),
    errors.ProviderError: (502, _SERVER, ""),
}


def of_call(error: errors.ProviderError) -> Refused:
    """Return what a program is told of a failed call.

    What a provider says of a request it did not accept is passed on, without anything that looks
    like a key: only that tells a programmer what to mend.
    """
    known: Any = next(kind for kind in type(error).__mro__ if kind in _STATUS)
    status, kind, code = _STATUS[known]
    message = str(error.sentence)
    if isinstance(error, errors.BadRequest) and error.detail:
        message = f"{message} {error.detail}"
    return Refused(status, message, kind, code or error.kind, headers=error.told_headers())
