"""Bytes of the fake backend: requests in, answers and server-sent events out."""

import http.client
import json
from dataclasses import dataclass
from typing import Any

_MOST_BODY = 32 * 2**20


@dataclass(slots=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Incoming:
    """Collects bytes into requests; understands Content-Length, which every client here sends."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> None:
        self._bytes += data

    def next(self) -> Request | None:
        """Return the next whole request; raise `ValueError` for one that cannot be read."""
        head_end = self._bytes.find(b"\r\n\r\n")
        if head_end < 0:
            return None
        first, *rest = bytes(self._bytes[:head_end]).decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in rest)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        length = int(headers.get("content-length", 0))
        if "transfer-encoding" in headers or length > _MOST_BODY:
            raise ValueError("only bodies of a stated, sane length are read here")
        end = head_end + 4 + length
        if len(self._bytes) < end:
            return None
        method, target, _ = first.split(" ", 2)
        body = bytes(self._bytes[head_end + 4 : end])
        del self._bytes[:end]
        return Request(method, target.partition("?")[0], headers, body)


def head(status: int, headers: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} {http.client.responses.get(status, 'Status')}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def whole(status: int, body: Any, headers: dict[str, str] | None = None) -> bytes:
    """Return an answer that is sent at once: a text as it is, anything else as JSON."""
    data = body.encode() if isinstance(body, str) else compact(body)
    kind = "text/plain" if isinstance(body, str) else "application/json"
    stated = {"Content-Type": kind, "Content-Length": str(len(data)), **(headers or {})}
    return head(status, stated) + data


def compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def event(value: Any) -> bytes:
    return b"data: " + compact(value) + b"\n\n"


class Chunks:
    """Chat completion chunks of one answer, cheap to make: only the text differs."""

    def __init__(self, call_id: str, model: str) -> None:
        self._frame = {
            "id": call_id,
            "object": "chat.completion.chunk",
            "created": 1_790_000_000,
            "model": model,
            "choices": [{"index": 0, "delta": {}, "finish_reason": None}],
        }
        choice = {"index": 0, "delta": {"content": "@@"}, "finish_reason": None}
        sample = event({**self._frame, "choices": [choice]})
        self._before, self._after = sample.split(b'"@@"')

    def role(self) -> bytes:
        delta = {"role": "assistant", "content": ""}
        return event(
            {**self._frame, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
        )

    def text(self, text: str) -> bytes:
        return self._before + json.dumps(text).encode() + self._after

    def finish(self, reason: str) -> bytes:
        return event(
            {**self._frame, "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}
        )

    def usage(self, usage: dict[str, Any]) -> bytes:
        return event({**self._frame, "choices": [], "usage": usage})

    def completion(self, text: str, reason: str | None, usage: dict[str, Any] | None) -> Any:
        """Return the whole answer of a call that does not stream."""
        message = {"role": "assistant", "content": text}
        choices = [{"index": 0, "message": message, "finish_reason": reason}]
        return {
            **self._frame,
            "object": "chat.completion",
            "choices": choices,
            **({"usage": usage} if usage is not None else {}),
        }
