"""A client that costs little: one HTTP connection, one socket, one direct stream, in raw bytes.

Times are `time.monotonic()` seconds, the clock that the fake backend's log uses as well.
"""

import asyncio
import base64
import json
import os
import re
import time
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

INDEX = re.compile(r"\bw(\d+)\b")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class _Connection(asyncio.Protocol):
    """Collects what arrives; subclasses say when it is whole."""

    def __init__(self) -> None:
        self.received = bytearray()
        self.total = 0
        self.waiting: asyncio.Future[None] | None = None

    @classmethod
    async def open(cls, url: str) -> "_Connection":
        parts = urlsplit(url)
        loop = asyncio.get_running_loop()
        transport, connection = await loop.create_connection(cls, parts.hostname, parts.port)
        connection.transport = transport
        connection.host = parts.netloc
        return connection

    def data_received(self, data: bytes) -> None:
        self.total += len(data)
        self.received += data
        self.progress()

    def progress(self) -> None:
        raise NotImplementedError

    def connection_lost(self, error: Exception | None) -> None:
        if self.waiting is not None and not self.waiting.done():
            self.waiting.set_exception(ConnectionError(f"cut off ({error})"))

    def head(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.host}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + body

    async def whole(self) -> None:
        self.waiting = asyncio.get_running_loop().create_future()
        self.progress()
        await self.waiting

    def done(self) -> None:
        if self.waiting is not None and not self.waiting.done():
            self.waiting.set_result(None)


class Http(_Connection):
    """Requests one after the other on a kept connection; answers must state their length."""

    async def ask(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes = b""
    ) -> tuple[int, bytes]:
        """Return status and body."""
        self.transport.write(self.head(method, path, headers, body))
        await self.whole()
        head_end = self.received.find(b"\r\n\r\n")
        status, answer = int(self.received[9:12]), bytes(self.received[head_end + 4 :])
        self.received.clear()
        return status, answer

    def progress(self) -> None:
        head_end = self.received.find(b"\r\n\r\n")
        if head_end < 0:
            return
        head = self.received[: head_end + 2]
        if b"transfer-encoding: chunked" in head.lower():
            if self.received.endswith(b"0\r\n\r\n"):
                self.done()
            return
        length = _LENGTH.search(head)
        if len(self.received) - head_end - 4 >= (int(length[1]) if length else 0):
            self.done()


class Socket(_Connection):
    """A page's socket. `on_text(text, now)` hears each message; nothing is sent up."""

    on_text: Callable[[str, float], None]

    def __init__(self) -> None:
        super().__init__()
        self.is_open = False
        self.closed_with: int | None = None

    async def connect(self, path: str, headers: Mapping[str, str]) -> None:
        """Shake hands. Raises `ConnectionError` when that is refused."""
        key = base64.b64encode(os.urandom(16)).decode()
        upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": key}
        upgrade["Sec-WebSocket-Version"] = "13"
        self.transport.write(self.head("GET", path, {**headers, **upgrade}))
        await self.whole()

    def progress(self) -> None:
        now = time.monotonic()
        if not self.is_open:
            head_end = self.received.find(b"\r\n\r\n")
            if head_end < 0:
                return
            if self.received[9:12] != b"101":
                raise ConnectionError(f"no socket: {bytes(self.received[:60])!r}")
            del self.received[: head_end + 4]
            self.is_open = True
            self.done()
        at = 0
        while (frame := _frame(self.received, at)) is not None:
            kind, start, at = frame
            payload = bytes(self.received[start:at])
            if kind == 1:
                self.on_text(payload.decode(), now)
            elif kind == 8:
                self.closed_with = int.from_bytes(payload[:2], "big")
            elif kind == 9:
                self.transport.write(b"\x8a\x80" + bytes(4))
        del self.received[:at]


def _frame(data: bytearray, at: int) -> tuple[int, int, int] | None:
    """Return kind, start and end of the whole, unmasked frame at `at`, if it is all there."""
    if len(data) < at + 2:
        return None
    length, start = data[at + 1], at + 2
    if length >= 126:
        wide = 2 if length == 126 else 8
        length = int.from_bytes(data[start : start + wide], "big")
        start += wide
    return (data[at] & 15, start, start + length) if len(data) >= start + length else None


class Direct(_Connection):
    """One streamed completion, read straight from the upstream."""

    on_text: Callable[[str, float], None]

    def __init__(self) -> None:
        super().__init__()
        self.is_answered = False

    async def stream(self, path: str, model: str, question: str) -> None:
        body = {
            "model": model,
            "messages": [{"role": "user", "content": question}],
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        headers = {"Authorization": "Bearer bench", "Content-Type": "application/json"}
        self.transport.write(self.head("POST", path, headers, json.dumps(body).encode()))
        await self.whole()

    def progress(self) -> None:
        now = time.monotonic()
        end = self.received.rfind(b"\n\n") + 2
        if end >= 2:
            text = self.received[:end].decode()
            del self.received[:end]
            self.is_answered = self.is_answered or "data: [DONE]" in text
            self.on_text(text, now)
        if self.is_answered and self.received.endswith(b"0\r\n\r\n"):
            self.done()
