"""Deltas out of the chunks of a stream of chat completions, or of completions.

The format: https://platform.openai.com/docs/api-reference/chat-streaming, with what vLLM,
llama.cpp, Ollama and the common gateways make of it.
"""

import json
from typing import Any

import jiter

from boundary.storable import has_surrogates, storable
from providers.backends.events import EventReader, EventTooLong
from providers.backends.failures import from_event
from providers.errors import BadResponse, ProviderError, ServerFailed, StreamCut
from providers.values import Delta, FinishReason, Usage

_REASONS: dict[str, FinishReason] = {
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "content_filter": "content_filter",
    "content_filtered": "content_filter",
}
_CUT_REASONS = {"abort", "aborted", "cancelled", "canceled"}


class StreamReader:
    """Reads one stream. After each `feed` it says whether the answer's end was seen."""

    def __init__(self) -> None:
        self.finished = False  # a reason to finish was read
        self.ended = False  # nothing more of interest comes: [DONE]
        self.alive = False  # the last part held text, thought or an end: more than keep-alive
        self.failure: ProviderError | None = None  # met after text: raise it when that is given out
        self._events = EventReader()
        self._high = ""  # the first half of a surrogate pair whose second half is to come

    def feed(self, part: bytes) -> Delta | None:
        """Return one delta for all that `part` completes, if it completes anything."""
        self.alive = False
        try:
            events = self._events.feed(part)
        except EventTooLong:
            raise BadResponse("an event is longer than can be read") from None
        return self._merge(events)

    def end(self) -> Delta | None:
        """Return what the end of the connection completes; raise `StreamCut` if too little came."""
        if self.ended:
            return None
        try:
            last = self._merge(self._events.end())
        except BadResponse:
            last = None  # an event was cut in the middle
        if not self.finished:
            raise StreamCut("the stream ended without a finish_reason")
        return last

    def _merge(self, events: list[bytes]) -> Delta | None:
        texts: list[str] = []
        reason: FinishReason | None = None
        usage: Usage | None = None
        try:
            for event in events:
                if event.startswith(b"[DONE]"):
                    self.ended = True
                    break
                chunk = parse_object(event)
                if "error" in chunk or "message" in chunk:
                    _raise_error(chunk)
                choices = chunk.get("choices")
                if choices and isinstance(choices, list) and isinstance(choices[0], dict):
                    reason = self._choice(choices[0], texts) or reason
                if "usage" in chunk:
                    usage = usage_of(chunk["usage"]) or usage
        except ProviderError as error:
            if not texts:
                raise
            self.failure = error
        text = self._storable("".join(texts), last=reason is not None or self.ended)
        if reason:
            self.finished = self.alive = True
        return Delta(text, reason, usage) if text or reason or usage else None

    def _choice(self, choice: dict[str, Any], texts: list[str]) -> FinishReason | None:
        delta = message_of(choice)
        if delta is not None:
            text = text_of(delta)
            if text:
                texts.append(text)
                self.alive = True
            elif delta.get("reasoning_content") or delta.get("reasoning"):
                self.alive = True
        reason = choice.get("finish_reason")
        return reason_of(reason) if reason else None

    def _storable(self, text: str, *, last: bool) -> str:
        if not self._high and (text.isascii() or not has_surrogates(text)):
            return text.replace("\0", "\ufffd") if "\0" in text else text
        text = self._high + text
        self._high = ""
        if text and not last and "\ud800" <= text[-1] <= "\udbff":
            text, self._high = text[:-1], text[-1]
        return storable(text)


def _raise_error(chunk: dict[str, Any]) -> None:
    if chunk.get("error") or chunk.get("object") == "error":
        raise from_event(chunk)


def message_of(choice: dict[str, Any]) -> dict[str, Any] | None:
    """Return the message of a choice, or its part in a stream; a completion's is its bare text."""
    message = choice.get("delta") or choice.get("message")
    if isinstance(message, dict):
        return message
    text = choice.get("text")
    return {"content": text} if isinstance(text, str) else None


def text_of(message: dict[str, Any]) -> str:
    """Return the text of a delta or a message; a refusal is text as well."""
    content = message.get("content") or message.get("refusal") or ""
    if isinstance(content, list):  # parts, as some gateways send them
        parts = (part.get("text") for part in content if isinstance(part, dict))
        return "".join(part for part in parts if isinstance(part, str))
    if not isinstance(content, str):
        raise BadResponse(f"content is {type(content).__name__}")
    return content


def reason_of(given: Any) -> FinishReason:
    """Return the finish reason in our words; servers have many words for a plain stop."""
    reason = str(given).lower()
    if reason in _CUT_REASONS:
        raise StreamCut(f"finish_reason is {reason}")
    if reason == "error":
        raise ServerFailed("finish_reason is error")
    return _REASONS.get(reason, "stop")


def usage_of(given: Any) -> Usage | None:
    """Return the tokens a provider counted; None when its figures make no sense.

    Embeddings have no output; images call input and output by those names.
    """
    if not isinstance(given, dict):
        return None
    read, wrote = ("prompt", "completion") if "prompt_tokens" in given else ("input", "output")
    counts = [
        given.get(f"{read}_tokens"),
        given.get(f"{wrote}_tokens", 0 if read == "prompt" else None),
        _inside(given, f"{read}_tokens_details", "cached_tokens"),
        _inside(given, f"{wrote}_tokens_details", "reasoning_tokens"),
    ]
    if not all(type(count) is int and 0 <= count < 2**31 for count in counts):
        return None
    usage = Usage(*counts)
    if usage.cached_tokens > usage.input_tokens or usage.reasoning_tokens > usage.output_tokens:
        return Usage(usage.input_tokens, usage.output_tokens)
    return usage


def parse_object(data: bytes) -> dict[str, Any]:
    """Return the JSON object in `data`; raise `BadResponse` when there is none."""
    try:
        value = jiter.from_json(data)
    except ValueError:  # also half a surrogate pair or invalid UTF-8, which json lets through
        try:
            value = json.loads(data.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            raise BadResponse("not JSON") from None
    if not isinstance(value, dict):
        raise BadResponse("not a JSON object")
    return value


def _inside(given: dict[str, Any], group: str, name: str) -> Any:
    details = given.get(group)
    return details.get(name) or 0 if isinstance(details, dict) else 0
