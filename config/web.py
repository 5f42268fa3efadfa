"""The web process: `python -m config.web` serves `config.asgi` at HOST and PORT."""

import asyncio
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from config.environment import HOST, PORT, env

GRACEFUL_SECONDS = 8
CUT_SECONDS = 5.0  # for answers that were cut off then, to say what they came to
HEAD_SECONDS = 30.0  # for the head of a connection's request
READER_SECONDS = 60.0  # for a client to take the 48 KiB that wait for it at most


class Connection(HttpToolsProtocol):
    """uvicorn's, which ends with a client that neither asks nor reads in time.

    Who writes an answer waits for its reader; so a reader that stops would keep the writer, and
    with it a call to a model and what that holds of a budget.
    """

    _timers: dict[str, asyncio.TimerHandle]

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._timers = {}
        self._end_after(HEAD_SECONDS, "head")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._end_after(HEAD_SECONDS, "head")

    def on_headers_complete(self) -> None:
        self._in_time("head")
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP; programs are told in the words they read errors in."""
        if not (self.url or b"").startswith(b"/v1/"):
            super().send_400_response(msg)
            return
        from api.v1.refusals import invalid

        body = invalid(msg).body()
        head = (
            "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._end_after(READER_SECONDS, "reader")

    def resume_writing(self) -> None:
        self._in_time("reader")
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._in_time("head")
        self._in_time("reader")
        super().connection_lost(exc)

    def _end_after(self, seconds: float, what: str) -> None:
        if what not in self._timers:
            self._timers[what] = self.loop.call_later(seconds, self.transport.abort)

    def _in_time(self, what: str) -> None:
        if timer := self._timers.pop(what, None):
            timer.cancel()


class Server(uvicorn.Server):
    """uvicorn's, which makes ready for calls to models, and at its end writes what they came to."""

    _making_ready: "asyncio.Task[None] | None" = None

    async def startup(self, sockets: Any = None) -> None:
        from usage.group_commit import make_ready

        await super().startup(sockets)
        self._making_ready = asyncio.create_task(make_ready())

    async def shutdown(self, sockets: Any = None) -> None:
        from usage.group_commit import group_commit
        from usage.metered import close_connections

        await super().shutdown(sockets)
        if cut := set(self.server_state.tasks):
            await asyncio.wait(cut, timeout=CUT_SECONDS)
        await group_commit().written()
        await close_connections()


def configuration() -> uvicorn.Config:
    behind_proxy = env.bool("BEHIND_PROXY", default=False)
    return uvicorn.Config(
        "config.asgi:application",
        host=HOST,
        port=PORT,
        loop="uvloop",
        http=Connection,
        ws="websockets-sansio",
        # Frames are small and pages compress themselves; deflate would cost memory per socket.
        ws_per_message_deflate=False,
        ws_max_size=64 * 2**10,
        ws_ping_interval=20,
        ws_ping_timeout=20,
        lifespan="off",
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
        timeout_keep_alive=75,
        server_header=False,
        access_log=False,
        log_config=None,
        proxy_headers=behind_proxy,
        forwarded_allow_ips=env("FORWARDED_ALLOW_IPS", default="127.0.0.1"),
    )


def main() -> None:
    Server(configuration()).run()


if __name__ == "__main__":
    main()
