"""The fake backend's connections and paths."""

import asyncio
import itertools
import json
import resource
from collections import deque
from typing import Any

from tests.fake_backend import replies, wire
from tests.fake_backend.answer import Answer, Call
from tests.fake_backend.script import Script

MODELS = ["fake", "fake-t200-d20-n300", "fake-md-d5-n3000", "fake-e429", "fake-cut50"]


class FakeServer:
    """All that the fake knows: queued scripts, its log of calls, and the models it lists."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.queue: deque[Script] = deque()
        self.calls: list[Call] = []
        self.models = list(MODELS)
        self.listing: Script | None = None
        self.listed: list[dict[str, str]] = []
        self.keys: set[str] | None = None
        self.open_listing = False
        self.facts: dict[str, dict[str, Any]] = {}  # what the list says of a model besides
        self.ids = itertools.count(1)
        self.connections: set[_Connection] = set()

    def reset(self) -> None:
        self.queue.clear()
        self.calls.clear()
        self.models = list(MODELS)
        self.listing, self.keys, self.open_listing = None, None, False
        self.listed.clear()
        self.facts = {}

    def may(self, headers: dict[str, str]) -> bool:
        """Say whether a request's key is one of those that are accepted: any, if none are named."""
        key = headers.get("api-key") or headers.get("authorization", "").removeprefix("Bearer ")
        return bool(key) if self.keys is None else key in self.keys

    def control(self, request: wire.Request) -> Any:
        """Answer a control request: the log, the queue, a reset, or what the process has used."""
        match request.method, request.path:
            case "GET", "/control/log":
                return {"calls": [call.json() for call in self.calls]}
            case "GET", "/control/stats":
                used = resource.getrusage(resource.RUSAGE_SELF)
                streams = sum(each.answer is not None for each in self.connections)
                return {"cpu_s": used.ru_utime + used.ru_stime, "open_streams": streams}
            case "POST", "/control/queue":
                given = json.loads(request.body)
                scripts = given if isinstance(given, list) else [given]
                self.queue.extend(Script.from_json(each) for each in scripts)
                return {"queued": len(self.queue)}
            case "POST", "/control/reset":
                self.reset()
                return {}
            case "GET", "/healthz":
                return {"ok": True}
        return None


class _Connection(asyncio.Protocol):
    def __init__(self, server: FakeServer) -> None:
        self.server = server
        self.incoming = wire.Incoming()
        self.answer: Answer | None = None
        self.timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:  # an asyncio.Transport, or uvloop's own
        self.transport = transport
        self.server.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.server.connections.discard(self)
        if self.timer:
            self.timer.cancel()
        if self.answer:
            self.answer.stop()
            self.answer.call.client_closed = True
            self.answer.call.ended_at = self.server.loop.time()
            self.answer = None

    def pause_writing(self) -> None:
        if self.answer:
            self.answer.pause(True)

    def resume_writing(self) -> None:
        if self.answer:
            self.answer.pause(False)

    def data_received(self, data: bytes) -> None:
        self.incoming.feed(data)
        if self.answer is None:
            self._next()

    def _next(self) -> None:
        try:
            while self.answer is None and (request := self.incoming.next()):
                self._route(request)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            self._send(400, {"error": {"message": f"fake backend: {error!r}"}})

    def _send(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        if not self.transport.is_closing():
            self.transport.write(wire.whole(status, body, headers))

    def _route(self, request: wire.Request) -> None:
        known = self.server.control(request)
        if known is not None:
            return self._send(200, known)
        is_list = request.path == "/v1/models"
        if is_list:
            self.server.listed.append(request.headers)
        if not self.server.may(request.headers) and not (is_list and self.server.open_listing):
            return self._send(401, {"error": {"message": "no key", "code": "invalid_api_key"}})
        if is_list:
            return self._list()
        if request.method == "POST" and request.path in replies.KINDS:
            return self._call(request)
        return self._send(404, {"error": {"message": "no such path"}})

    def _list(self) -> None:
        script = self.server.listing
        if script is None:
            rows = [{"id": name, "object": "model"} for name in self.server.models]
            listed = [{**row, **self.server.facts.get(row["id"], {})} for row in rows]
            return self._send(200, {"object": "list", "data": listed})
        if script.never:
            return None
        if script.cut_bytes is not None:
            whole = wire.whole(script.status, script.body, script.headers)
            self.transport.write(whole[: script.cut_bytes])
            return self.transport.close()
        return self._send(script.status, script.body, script.headers)

    def _call(self, request: wire.Request) -> None:
        server, given = self.server, json.loads(request.body)
        kind = replies.KINDS[request.path]
        cap = given.get("max_completion_tokens") or given.get("max_tokens")
        model = given["model"]
        call = Call(
            request_id=request.headers.get("x-client-request-id"),
            path=request.path,
            model=model,
            stream=bool(given.get("stream")),
            messages=given.get("messages", []),
            max_tokens=cap,
            authorization=request.headers.get("authorization"),
            request={key: value for key, value in given.items() if key != "messages"},
            headers=request.headers,
            started=server.loop.time(),
        )
        server.calls.append(call)
        script = server.queue.popleft() if server.queue else Script.from_model(model, cap)
        options = given.get("stream_options")
        if script.refuse_options and options:
            if "-noopts" not in model:
                server.queue.appendleft(script)
            script = Script(status=400, body={"error": {"message": "unknown: stream_options"}})
        self.answer = Answer(
            loop=server.loop,
            transport=self.transport,
            script=script,
            call=call,
            chunks=kind.chunks(f"{kind.prefix}-{next(server.ids):08d}", given),
            input_tokens=kind.size(given),
            wants_usage=bool((options or {}).get("include_usage")),
            done=self._done,
        )
        self._begin(self.answer)

    def _begin(self, answer: Answer) -> None:
        script = answer.script
        if script.status != 200:
            answer.call.status = script.status
            wait, act = script.slow_headers_ms, self._refuse
        elif not answer.call.stream and not script.never:
            pieces = len(script.pieces)
            wait = script.slow_headers_ms + script.first_ms + script.delay_ms * max(0, pieces - 1)
            act = self._complete
        else:
            return answer.start()
        self.timer = self.server.loop.call_later(wait / 1000, act, answer)
        return None

    def _refuse(self, answer: Answer) -> None:
        script = answer.script
        body = script.body if script.body is not None else {"error": {"message": "refused"}}
        self._send(script.status, body, script.headers)
        self._done(True)

    def _complete(self, answer: Answer) -> None:
        script, call = answer.script, answer.call
        pieces = [piece if isinstance(piece, str) else piece[0] for piece in script.pieces]
        lengths = [answer.length(index) for index in range(answer.chunks.choices)]
        texts = ["".join(pieces[:length]) for length in lengths]
        call.text, call.tokens = "".join(texts[:1]), sum(lengths)
        usage = None if script.usage is False else answer.usage()
        call.finish_reason, call.complete = script.finish, True
        body = script.body or answer.chunks.completion(texts, script.finish, usage)
        call.usage = body.get("usage") if isinstance(body, dict) else None
        whole = wire.whole(200, body)
        if script.raw is not None:
            whole = wire.whole(200, "".join(script.raw))
        cut = script.cut_bytes if script.cut_bytes is not None else script.cut_after
        if script.bad_json_after is not None:
            whole = wire.whole(200, '{"choices": [{"mess')
        self.transport.write(whole if cut is None else whole[: -max(1, len(whole) // 4)])
        if cut is not None:
            self.transport.close()
        self._done(cut is None)

    def _done(self, keep: bool) -> None:
        if self.answer:
            self.answer.call.ended_at = self.server.loop.time()
            self.answer = None
        if keep:
            self.server.loop.call_soon(self._next)
        else:
            self.transport.close()


async def serve(host: str, port: int) -> tuple[asyncio.Server, FakeServer]:
    """Listen on `host`; port 0 takes a free one."""
    loop = asyncio.get_running_loop()
    fake = FakeServer(loop)
    return await loop.create_server(lambda: _Connection(fake), host, port, backlog=1024), fake
