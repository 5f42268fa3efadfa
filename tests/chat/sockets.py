"""Opening sockets in tests, as a page of this installation does."""

import json
import time
from typing import Any

from asgiref.testing import ApplicationCommunicator

from config.asgi import application

HOST = "127.0.0.1:8000"
ORIGIN = f"http://{HOST}"


class Socket(ApplicationCommunicator):
    """A socket of `path` with a session's cookie; `headers` are sent as they are."""

    def __init__(self, path: str, session: str = "", **headers: str | None) -> None:
        given = {"origin": ORIGIN, "host": HOST, "cookie": f"sessionid={session}", **headers}
        where, _, query = path.partition("?")
        scope = {
            "type": "websocket",
            "path": where,
            "query_string": query.encode(),
            "headers": [
                (k.encode(), v.encode("latin-1")) for k, v in given.items() if v is not None
            ],
            "subprotocols": [],
        }
        super().__init__(application, scope)

    async def connect(self) -> int:
        """Shake hands; return 0, or the code of the refusal."""
        await self.send_input({"type": "websocket.connect"})
        answer = await self.receive_output(timeout=5)
        return 0 if answer["type"] == "websocket.accept" else answer["code"]

    async def opened(self) -> "Socket":
        assert await self.connect() == 0
        return self

    async def say(self, text: str | None = None, data: bytes | None = None) -> None:
        await self.send_input({"type": "websocket.receive", "text": text, "bytes": data})

    async def close_code(self, seconds: float = 5) -> int:
        """Read until the server closes; return its code."""
        until = time.monotonic() + seconds
        while True:
            message = await self.receive_output(timeout=max(0.01, until - time.monotonic()))
            if message["type"] == "websocket.close":
                return message["code"]

    async def refused(self) -> int:
        """Return the code with which the handshake, or the socket just after it, is refused."""
        return await self.connect() or await self.close_code()

    async def patch(self, seconds: float = 5) -> dict[str, Any]:
        return json.loads((await self.receive_output(timeout=seconds))["text"])

    async def leave(self) -> None:
        await self.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.wait(timeout=5)


def path_of(conversation_id: object, **query: object) -> str:
    asked = "&".join(f"{key}={value}" for key, value in query.items())
    return f"/ws/conversations/{conversation_id}/" + (f"?{asked}" if asked else "")
