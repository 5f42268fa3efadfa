"""Which error of the tree a failed call is, from what the server or the SDK said.

What the body's code or type says outranks the status, since servers agree more on those: OpenAI
and Azure, vLLM, llama.cpp, Ollama, DeepSeek, OpenRouter and LiteLLM were looked at.
"""

import email.utils
import re
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from providers import errors
from providers.errors import ProviderError
from providers.values import Part

_MOST_WAIT = 300.0
_MOST_DETAIL = 500
_SECRET_FROM = 12  # a shorter key is a word that an answer may hold

_BY_CODE: dict[str, type[ProviderError]] = {
    code: error
    for error, codes in {
        errors.QuotaExceeded: "insufficient_quota billing_hard_limit_reached billing_not_active "
        "insufficient_balance quota_exceeded payment_required insufficient_credits",
        errors.RateLimited: "rate_limit_exceeded rate_limit_error too_many_requests",
        errors.AuthenticationFailed: "invalid_api_key authentication_error account_deactivated "
        "invalid_authentication unauthorized incorrect_api_key",
        errors.PermissionRefused: "permission_error permission_denied insufficient_permissions "
        "unsupported_country_region_territory model_not_allowed",
        errors.ContextTooLong: "context_length_exceeded exceed_context_size_error "
        "context_window_exceeded string_above_max_length contextwindowexceedederror",
        errors.ContentFiltered: "content_filter content_policy_violation "
        "responsibleaipolicyviolation contentpolicyviolationerror",
        errors.ModelNotFound: "model_not_found deploymentnotfound model_not_available",
        errors.Overloaded: "overloaded_error server_overloaded engine_overloaded slow_down "
        "unavailable_error service_unavailable",
        errors.ServerFailed: "server_error api_error internal_error internal_server_error",
    }.items()
    for code in codes.split()
}
_BY_STATUS: dict[int, type[ProviderError]] = {
    401: errors.AuthenticationFailed,
    402: errors.QuotaExceeded,
    403: errors.PermissionRefused,
    404: errors.ModelNotFound,
    408: errors.ProviderTimeout,
    409: errors.Overloaded,
    413: errors.ContextTooLong,
    425: errors.RateLimited,
    429: errors.RateLimited,
    503: errors.Overloaded,
    529: errors.Overloaded,
}
# Servers without a code for it say it in words; looked for only in requests that were refused.
_TOO_LONG = re.compile(
    r"maximum context length|context (size|length|window)|prompt is too long|too many tokens"
    r"|exceeds? the .{0,40}(context|token limit)",
    re.IGNORECASE,
)
_KEYS = re.compile(
    r"(?i:bearer\s+\S+)"
    r"|(?i:(?:api|access|secret)[-_ ]?(?:key|token)(?:\s+provided)?[\"']?\s*[:=]\s*)\S+"
    r"|\b(?:sk|pk|rk|gsk|hf|xai|key)[-_][\w*.\-]{6,}"
    r"|(?=[\w\-]*\d)(?=[\w\-]*[A-Za-z])[\w\-]{24,}"
)


def from_status(
    status: int, body: object, headers: Mapping[str, str], secret: str = ""
) -> ProviderError:
    """Return the error for an answer that is not 2xx; `body` is parsed JSON or text."""
    kind = _kind(status, body)
    detail = redacted(message_of(body), secret)
    return kind(detail, status=status, retry_after=retry_after(headers))


def from_event(chunk: dict[str, Any], secret: str = "") -> ProviderError:
    """Return the error that an event inside a stream tells of."""
    body = chunk.get("error") or chunk
    code = body.get("code") if isinstance(body, dict) else None
    status = code if type(code) is int and 400 <= code < 600 else 500
    return _kind(status, body)(redacted(message_of(body), secret), status=status)


def _kind(status: int, body: object) -> type[ProviderError]:
    for code in _codes(body):
        kind = _BY_CODE.get(code)
        # "api_error" is what some servers call every error: a status below 500 knows better.
        if kind and not (kind is errors.ServerFailed and status < 500):
            return kind
    if status in _BY_STATUS and status != 413:
        return _BY_STATUS[status]
    if 400 <= status < 500 and _TOO_LONG.search(message_of(body)):
        return errors.ContextTooLong
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if 400 <= status < 500:
        return errors.BadRequest
    if 300 <= status < 400:
        return errors.Redirected
    return errors.ServerFailed if status >= 500 else errors.BadResponse


def _codes(body: object) -> list[str]:
    """Return what a body calls its error, the most telling first."""
    if not isinstance(body, dict):
        return []
    error = body.get("error")
    inner = error if isinstance(error, dict) else body
    innermost = inner.get("innererror")
    deeper = innermost.get("code") if isinstance(innermost, dict) else None
    found = (deeper, inner.get("code"), inner.get("type"))
    return [each.lower() for each in found if isinstance(each, str)]


def message_of(body: object) -> str:
    """Return the server's own words, which may hold anything."""
    if isinstance(body, dict):
        error = body.get("error", body)
        inner = error.get("message") if isinstance(error, dict) else error
        return inner if isinstance(inner, str) else str(body.get("detail") or body.get("message"))
    return body if isinstance(body, str) else ""


def redacted(text: str, secret: str = "") -> str:
    """Return `text` short, on one line and without anything that looks like a key."""
    if secret:
        text = text.replace(str(secret), "[key]")
    plain = "".join(each if each.isprintable() else " " for each in text[: 4 * _MOST_DETAIL])
    return _KEYS.sub("[key]", plain)[:_MOST_DETAIL]


def without_key(part: Part, secret: str) -> Part:
    """Return a part without the provider's key, which an echo or an odd error may hold."""
    key = secret.encode()
    if len(key) < _SECRET_FROM or key not in part.data:
        return part
    return replace(part, data=part.data.replace(key, b"[key]"))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return how many seconds the server asks to wait, five minutes at most.

    Reads `retry-after-ms`, then `Retry-After` as seconds or as a date (RFC 9110, 10.2.3).
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    seconds = _number(headers.get("retry-after"))
    if milliseconds is not None:
        seconds = milliseconds / 1000
    if seconds is None and headers.get("retry-after"):
        try:
            date = email.utils.parsedate_to_datetime(headers["retry-after"])
            seconds = date.timestamp() - time.time()
        except (ValueError, OverflowError):  # also a year that the local clock does not reach
            return None
    return None if seconds is None else min(max(seconds, 0.0), _MOST_WAIT)


def _number(text: str | None) -> float | None:
    return float(text) if text and re.fullmatch(r"\s*\d{1,12}(\.\d{1,9})?\s*", text) else None
