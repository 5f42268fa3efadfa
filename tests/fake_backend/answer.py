"""One answer being written: paced, cut, stalled or broken as its script says."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.fake_backend import wire
from tests.fake_backend.script import Script

_AT_ONCE = 50  # pieces in one turn of the loop when there is no delay between them
# Between text written at once and a cut: what a client has not read by then it may well drop.
_READ_SECONDS = 0.5
_COMMON_ERROR = {"error": {"message": "the engine fell over", "type": "server_error", "code": 500}}


@dataclass
class Call:
    """The fake's own record of one call, to hold a ledger against."""

    request_id: str | None
    model: str
    stream: bool
    messages: list[dict[str, Any]]
    max_tokens: int | None
    authorization: str | None
    request: dict[str, Any]
    headers: dict[str, str]
    started: float
    status: int = 200
    first_text_at: float | None = None
    ended_at: float | None = None
    text: str = ""
    tokens: int = 0  # pieces written
    usage: dict[str, Any] | None = None  # as really written to the wire; None: never was
    finish_reason: str | None = None  # as really written
    path: str = "/v1/chat/completions"
    complete: bool = False  # written to its planned end
    client_closed: bool = False  # the client went away before that
    json = asdict


@dataclass
class Answer:
    """Writes `script` to `transport`. `done(keep)` is called once, at the end."""

    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    script: Script
    call: Call
    chunks: wire.Chunks
    input_tokens: int
    wants_usage: bool
    done: Callable[[bool], None]
    resume: asyncio.Event = field(default_factory=asyncio.Event)
    _written: int = 0
    _timer: asyncio.TimerHandle | None = None
    _index: int = 0
    _due: float = 0
    _ended: bool = False
    _paused: bool = False

    def start(self) -> None:
        script = self.script
        if script.never:
            return
        self._due = self.loop.time() + script.slow_headers_ms / 1000
        self._at(self._due, self._begin)

    def stop(self) -> None:
        """Stop writing: the connection is gone."""
        self._ended = True
        if self._timer:
            self._timer.cancel()

    def pause(self, paused: bool) -> None:
        """Obey the transport's flow control."""
        self._paused = paused
        if not paused and not self._ended:
            self._at(self._due, self._step)

    def usage(self) -> dict[str, Any]:
        if isinstance(self.script.usage, dict):
            return self.script.usage
        tokens = sum(self.length(index) for index in range(self.chunks.choices))
        return {
            "prompt_tokens": self.input_tokens,
            "completion_tokens": tokens,
            "total_tokens": self.input_tokens + tokens,
        }

    def length(self, index: int) -> int:
        """Return how many pieces the choice called `index` has."""
        lengths = self.script.lengths
        return lengths[index] if lengths else len(self.script.pieces)

    def _at(self, when: float, step: Callable[[], None]) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = self.loop.call_at(when, step)

    def _begin(self) -> None:
        script = self.script
        framing = (
            {"Transfer-Encoding": "chunked"}
            if script.framing == "chunked"
            else {"Connection": "close"}
        )
        stated = {"Content-Type": "text/event-stream", **framing, **script.headers}
        self.transport.write(wire.head(200, stated))
        if script.raw is not None:
            return self._raw()
        self._write(self.chunks.role())
        self._due = self.loop.time() + script.first_ms / 1000
        return self._at(self._due + self._wait_before(0), self._step)

    def _raw(self) -> None:
        script = self.script
        raw = script.raw or []
        if self._index < len(raw):
            if not self._write(raw[self._index].encode("utf-8", "surrogateescape")):
                return
            self._index += 1
            self._at(self.loop.time() + script.delay_ms / 1000, self._raw)
        else:
            self._end()

    def _step(self) -> None:
        if self._ended or self._paused:
            return None
        pieces, script = self.script.pieces, self.script
        for _ in range(_AT_ONCE):
            if self._misbehaves():
                return None
            if self._index >= len(pieces):
                return self._finish()
            if not self._piece(pieces[self._index]):
                return None
            wait = script.delay_ms / 1000 + self._wait_before(self._index)
            if wait:
                self._due += wait
                return self._at(self._due, self._step)
        return self._at(self.loop.time(), self._step)

    def _wait_before(self, index: int) -> float:
        pieces = self.script.pieces
        piece = pieces[index] if index < len(pieces) else ""
        return 0 if isinstance(piece, str) else piece[1] / 1000

    def _piece(self, piece: Any) -> bool:
        text = piece if isinstance(piece, str) else piece[0]
        call, place = self.call, self._index
        for index in range(self.chunks.choices):
            if place < self.length(index):
                if not self._write(self.chunks.text(text, index)):
                    return False
                call.tokens += 1
            elif place == self.length(index) and not self._write_finish(index):
                return False
        call.first_text_at = call.first_text_at or self.loop.time()
        call.text += text
        self._index += 1
        return True

    def _misbehaves(self) -> bool:
        script, index = self.script, self._index
        if script.stall_after == index:
            return True
        if script.cut_after == index:
            wait = _READ_SECONDS if index and not script.delay_ms else 0
            self._at(self.loop.time() + wait, self._cut)
        elif script.bad_json_after == index:
            self._write(b'data: {"choices": [{"delta": {"conte\n\n')
            self._end()
        elif script.error_after == index:
            self._write(wire.event(script.error or _COMMON_ERROR))
            self._end()
        else:
            return False
        return True

    def _finish(self) -> None:
        call = self.call
        for index in range(self.chunks.choices):
            if self.length(index) >= self._index and not self._write_finish(index):
                return
        if self.wants_usage and self.script.usage is not False:
            usage = self.usage()
            if not self._write(self.chunks.usage(usage)):
                return
            call.usage = usage
        if self._write(b"data: [DONE]\n\n"):
            self._end()

    def _write_finish(self, index: int) -> bool:
        reason = self.script.finish
        if reason and not self._write(self.chunks.finish(reason, index)):
            return False
        self.call.finish_reason = reason
        return True

    def _write(self, data: bytes) -> bool:
        """Write a part of the body; return False when that was cut or nobody is there."""
        script = self.script
        if self.transport.is_closing():
            return False
        if script.cut_bytes is not None and self._written + len(data) >= script.cut_bytes:
            self._frame(data[: script.cut_bytes - self._written])
            self._cut()
            return False
        self._written += len(data)
        step = script.split or max(1, len(data))
        for start in range(0, len(data), step):
            self._frame(data[start : start + step])
        return True

    def _frame(self, data: bytes) -> None:
        if data and self.script.framing == "chunked":
            data = b"%x\r\n%s\r\n" % (len(data), data)
        self.transport.write(data)

    def _cut(self) -> None:
        self.stop()
        self.transport.close()
        self.done(False)

    def _end(self) -> None:
        self.stop()
        self.call.complete = True
        if self.script.framing == "chunked":
            self.transport.write(b"0\r\n\r\n")
        self.done(self.script.framing == "chunked")
