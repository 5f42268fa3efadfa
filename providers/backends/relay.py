"""Answers passed on to programs as they came: looked into only where something must be known.

Of a stream that is: whether text began, why it ended, what it used, and whether the server told of
an error. Each is found by a search for its bytes, which quotes inside of texts cannot be mistaken
for, since JSON escapes them; only events that hold it are parsed.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from providers.backends.failures import from_event
from providers.backends.reading import parse_object, reason_of, usage_of
from providers.errors import BadResponse, ProviderError, StreamCut
from providers.values import Part, Usage

_MOST_EVENT = 4 * 2**20  # bytes
_FINISH = re.compile(rb'"finish_reason":\s*"\w')
_USAGE = re.compile(rb'"usage":\s*\{')
_DONE = re.compile(rb"^data: ?\[DONE\]", re.MULTILINE)
_ERROR = re.compile(rb'"error":\s*[{"]')
_END = b"\n\n"
DONE = b"data: [DONE]\n\n"
# What is told of an answer's end; whatever else a server calls it is a plain stop.
_OUTCOMES = ("stop", "length", "content_filter", "tool_calls")


@dataclass(slots=True)
class StreamRelay:
    """One stream of server-sent events. Before its first text nothing of it is given out.

    `drops_usage` takes the event out that only tells the usage: the program did not ask for it.
    The answer is whole, and has an `outcome`, when each of its `choices` has ended, or the server
    says that no more will come: some give only one, however many were asked for.
    """

    drops_usage: bool
    choices: int = 1
    began: bool = False
    outcome: str = ""
    ended: bool = False
    usage: Usage | None = None
    failure: ProviderError | None = None  # met after text: raise it when that was passed on
    _rest: bytes = b""
    _held: list[bytes] = field(default_factory=list)
    _finished: set[str] = field(default_factory=set)
    _reason: str = ""

    def feed(self, part: bytes) -> Part | None:
        """Return what may be passed on now. Raises what the server told of before any text."""
        whole, self._rest = _whole_events(self._rest + part if self._rest else part)
        if len(self._rest) > _MOST_EVENT:
            raise BadResponse("an event is longer than can be read")
        if not whole:
            return None
        if _ERROR.search(whole):
            whole = self._before_error(whole)
        if _FINISH.search(whole):
            self._note_ends(whole)
        if _USAGE.search(whole):
            whole = self._take_usage(whole)
        self.ended = self.ended or bool(_DONE.search(whole))
        if self.ended or len(self._finished) >= self.choices:
            self.outcome = self._reason
        self.began = self.began or bool(self._finished) or _has_text(whole)
        if not self.began:
            if self.failure:
                raise self.failure
            self._held.append(whole)
            return None
        if self._held:
            whole = b"".join([*self._held, whole])
            self._held.clear()
        return Part(whole, True, self.outcome, self.usage)

    def end(self) -> Part | None:
        """Return what is missing at the end of the body. Raises `StreamCut` if that is too much."""
        if not self.outcome:
            raise StreamCut("the stream ended without a finish_reason")
        return None if self.ended else Part(DONE, True, self.outcome, self.usage)

    def _note_ends(self, whole: bytes) -> None:
        for event in whole.split(_END):
            for choice in _choices(_chunk(event)) if _FINISH.search(event) else ():
                if choice.get("finish_reason"):
                    self._finished.add(str(choice.get("index", 0)))
                    self._reason = _gravest(self._reason, choice["finish_reason"])

    def _before_error(self, whole: bytes) -> bytes:
        """Return the events before the one that tells of an error, if one does."""
        before: list[bytes] = []
        for event in whole.split(_END):
            if _ERROR.search(event):
                chunk = _chunk(event)
                if chunk.get("error"):
                    self.failure = from_event(chunk)
                    return _END.join([*before, b""]) if before else b""
            before.append(event)
        return whole

    def _take_usage(self, whole: bytes) -> bytes:
        kept = []
        for event in whole.split(_END):
            if _USAGE.search(event):
                chunk = _chunk(event)
                self.usage = usage_of(chunk.get("usage")) or self.usage
                if self.drops_usage and not chunk.get("choices"):
                    continue
            kept.append(event)
        return _END.join(kept)


def _whole_events(given: bytes) -> tuple[bytes, bytes]:
    """Split into events that are whole, their lines ended as most servers do, and the rest."""
    if b"\r" in given:
        given = given.replace(b"\r\n", b"\n")
    if given.endswith(_END):
        return given, b""
    end = given.rfind(_END)
    return (given[: end + 2], given[end + 2 :]) if end >= 0 else (b"", given)


def _outcome(reason: str) -> str:
    read = reason_of(reason)  # raises for those that are no end
    return reason if reason in _OUTCOMES else read


def _gravest(known: str, reason: Any) -> str:
    """Return the outcome of an answer some choices of which ended as `known`, one by `reason`."""
    outcome = _outcome(str(reason))
    return outcome if known in ("", "stop") else known


def _chunk(event: bytes) -> dict[str, Any]:
    """Return the object of one event; an empty one where it holds none."""
    lines = [line[5:].strip() for line in event.split(b"\n") if line.startswith(b"data:")]
    try:
        return parse_object(b"\n".join(lines))
    except BadResponse:
        return {}


def _chunks(whole: bytes) -> Iterator[dict[str, Any]]:
    return (_chunk(event) for event in whole.split(_END) if event.startswith(b"data:"))


def _has_text(whole: bytes) -> bool:
    return any(any(_texts(chunk)) for chunk in _chunks(whole))


def written(whole: bytes) -> str:
    """Return all that a model wrote in these events of a stream: text, thoughts, calls of tools."""
    return "".join(text for chunk in _chunks(whole) for text in _texts(chunk))


def written_whole(body: bytes) -> str:
    """Return all that a model wrote in an answer that did not stream."""
    try:
        return "".join(_texts(parse_object(body)))
    except BadResponse:
        return ""


def _texts(answer: dict[str, Any]) -> Iterator[str]:
    for choice in _choices(answer):
        said = choice.get("delta") or choice.get("message") or choice
        yield from _strings(said) if isinstance(said, dict) else ()


def _choices(answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    choices = answer.get("choices")
    for each in choices if isinstance(choices, list) else ():
        if isinstance(each, dict):
            yield each


def _strings(said: dict[str, Any]) -> Iterator[str]:
    for name in ("content", "refusal", "reasoning_content", "reasoning", "text"):
        text = said.get(name)
        if text:
            yield text if isinstance(text, str) else json.dumps(text)
    if said.get("tool_calls"):
        yield json.dumps(said["tool_calls"])


def whole_answer(body: bytes) -> Part:
    """Return an answer that did not stream, with what it told. Raises the errors it tells of."""
    answer = parse_object(body)
    if answer.get("error"):
        raise from_event(answer)
    outcome = ""
    for choice in _choices(answer):
        if not choice.get("finish_reason"):
            raise StreamCut("no finish_reason")
        outcome = _gravest(outcome, choice["finish_reason"])
    if not outcome and ("choices" in answer or not _has_results(answer)):
        raise BadResponse("neither choices nor data")
    return Part(body, True, outcome or "stop", usage_of(answer.get("usage")))


def _has_results(answer: dict[str, Any]) -> bool:
    """Embeddings and pictures are called data, what moderations found is called results."""
    return isinstance(answer.get("data") or answer.get("results"), list)


def as_stream(body: bytes, *, drops_usage: bool) -> Part:
    """Return an answer of a server that does not stream as the events of a stream."""
    part, answer = whole_answer(body), parse_object(body)
    usage = answer.pop("usage", None)
    if "choices" not in answer:
        raise BadResponse("no choices")
    for choice in _choices(answer):
        if isinstance(choice.get("message"), dict):  # a chat's: completions stream in their shape
            choice["delta"] = delta = choice.pop("message")
            for number, call in enumerate(delta.get("tool_calls") or ()):
                call.setdefault("index", number)
            answer["object"] = "chat.completion.chunk"
    events = [answer]
    if usage and not drops_usage:
        events.append({**answer, "choices": [], "usage": usage})
    data = b"".join(b"data: " + json.dumps(event).encode() + _END for event in events)
    return Part(data + DONE, True, part.outcome, part.usage)
