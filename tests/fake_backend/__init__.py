"""The project's own model backend for tests and measurements: it answers what is queued.

OpenAI-compatible, on loopback only: `/v1/models`, `/v1/chat/completions` and `/v1/completions`
(streamed or not, with several choices), `/v1/embeddings`, `/v1/images/generations` and
`/v1/moderations`. With nothing queued the model's name says how to behave, its parts in any order:

    fake-t200-d20-n300   first text after 200 ms, then 300 pieces "w0 ", "w1 " … 20 ms apart
    -md                  a Markdown document instead of words
    -e429                this HTTP status            -slow500   headers only after 500 ms
    -cut5  -stall5       break off / fall silent after 5 pieces
    -err3                an error event after 3      -badjson   broken JSON after 3
    -nofinish            a clean end without finish_reason
    -nousage  -noopts    never counts tokens / refuses stream_options with 400
    -never               accepts the request and says nothing

Its log (`calls`, `GET /control/log`) is what ledgers are held against. Three ways to run it:

    async with running() as fake: ...          on the test's own loop
    with in_thread() as fake: ...              for code that is not async
    python -m tests.fake_backend --port 9100   a process; POST /control/queue takes scripts
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from tests.fake_backend.answer import Call
from tests.fake_backend.script import Script
from tests.fake_backend.server import FakeServer, serve

__all__ = ["Call", "FakeBackend", "Script", "in_thread", "running"]


class FakeBackend:
    """A running fake: queue answers on it, then read its log."""

    def __init__(self, server: FakeServer, port: int) -> None:
        self._server = server
        self.port = port
        self.base_url = f"http://127.0.0.1:{port}/v1"

    def queue(self, **script: Any) -> None:
        """Answer the next call that has none yet with `Script(**script)`."""
        self._server.queue.append(Script(**script))

    def reset(self) -> None:
        self._server.reset()

    @property
    def calls(self) -> list[Call]:
        return self._server.calls

    @property
    def models(self) -> list[str]:
        return self._server.models

    @property
    def listed(self) -> list[dict[str, str]]:
        """The headers of each request for the list of models."""
        return self._server.listed

    def list_with(self, **script: Any) -> None:
        """Answer every request for the list of models with a status, body and headers."""
        self._server.listing = Script(**script)

    def accept(self, *keys: str, open_listing: bool = False) -> None:
        """Accept these keys alone ("" is none), or give the list of models to anybody."""
        self._server.keys = set(keys)
        self._server.open_listing = open_listing

    @property
    def facts(self) -> dict[str, dict[str, Any]]:
        """What the list of models says of each besides its name."""
        return self._server.facts

    @property
    def open_connections(self) -> int:
        return len(self._server.connections)


@asynccontextmanager
async def running() -> AsyncIterator[FakeBackend]:
    """Run the fake on the current loop."""
    listener, server = await serve("127.0.0.1", 0)
    try:
        yield FakeBackend(server, listener.sockets[0].getsockname()[1])
    finally:
        listener.close()
        for connection in list(server.connections):
            connection.transport.abort()


@contextmanager
def in_thread() -> Iterator[FakeBackend]:
    """Run the fake on a loop of its own, in a thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="fake backend", daemon=True)
    thread.start()
    context = running()
    fake = asyncio.run_coroutine_threadsafe(context.__aenter__(), loop).result(5)
    try:
        yield fake
    finally:
        leave = context.__aexit__(None, None, None)
        asyncio.run_coroutine_threadsafe(leave, loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()
