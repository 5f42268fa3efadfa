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
    """Events of one streamed answer, cheap to make: only the text differs. This one is a chat."""

    whole = "chat.completion"
    chunk = "chat.completion.chunk"

    def __init__(self, call_id: str, model: str, choices: int = 1) -> None:
        self.choices = choices
        self._frame = {
            "id": call_id,
            "object": self.chunk,
            "created": 1_790_000_000,
            "model": model,
        }
        samples = [self._event(self.said("@@"), None, index) for index in range(choices)]
        self._around = [sample.split(b'"@@"') for sample in samples]

    def said(self, text: str) -> dict[str, Any]:
        return {"delta": {"content": text}}

    def nothing(self) -> dict[str, Any]:
        return {"delta": {}}

    def written(self, text: str) -> dict[str, Any]:
        return {"message": {"role": "assistant", "content": text}}

    def role(self) -> bytes:
        role = {"delta": {"role": "assistant", "content": ""}}
        return b"".join(self._event(role, None, index) for index in range(self.choices))

    def text(self, text: str, index: int = 0) -> bytes:
        before, after = self._around[index]
        return before + json.dumps(text).encode() + after

    def finish(self, reason: str, index: int = 0) -> bytes:
        return self._event(self.nothing(), reason, index)

    def usage(self, usage: dict[str, Any]) -> bytes:
        return event({**self._frame, "choices": [], "usage": usage})

    def completion(
        self, texts: list[str], reason: str | None, usage: dict[str, Any] | None
    ) -> dict[str, Any]:
        """Return the whole answer of a call that does not stream."""
        choices = [
            {"index": index, **self.written(text), "finish_reason": reason}
            for index, text in enumerate(texts)
        ]
        told = {"usage": usage} if usage is not None else {}
        return {**self._frame, "object": self.whole, "choices": choices, **told}

    def _event(self, said: dict[str, Any], reason: str | None, index: int) -> bytes:
        choice = {"index": index, **said, "finish_reason": reason}
        return event({**self._frame, "choices": [choice]})


class TextChunks(Chunks):
    """Of a completion, whose chunks look as the whole does."""

    whole = chunk = "text_completion"

    def said(self, text: str) -> dict[str, Any]:
        return {"text": text, "logprobs": None}

    def nothing(self) -> dict[str, Any]:
        return self.said("")

    def written(self, text: str) -> dict[str, Any]:
        return self.said(text)

    def role(self) -> bytes:
        return b""
