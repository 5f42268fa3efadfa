"""What goes back to a program: an answer at once, or as a stream."""

from collections.abc import AsyncGenerator
from typing import Protocol
from urllib.parse import quote

from django.http import HttpResponse, StreamingHttpResponse

from api.v1.answers import Answer

DEPLOYMENT = "x-causerie-deployment"


class Streamed(Protocol):
    """What is sent part by part, and closed then."""

    def parts(self) -> AsyncGenerator[bytes, None]: ...

    async def close(self) -> None: ...


async def answer_whole(answer: Answer) -> HttpResponse:
    """Return the answer once it is read and written down. Raises `Refused`."""
    body = b"".join([part async for part in answer.parts()])
    await answer.close()
    return HttpResponse(body, content_type="application/json", headers=_headers(answer))


class AnswerStream(StreamingHttpResponse):
    """Server-sent events. Whoever sends them closes the answer."""

    def __init__(self, answer: Answer) -> None:
        headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no", **_headers(answer)}
        super().__init__(content_type="text/event-stream; charset=utf-8", headers=headers)
        self.answer: Streamed = answer


def _headers(answer: Answer) -> dict[str, str]:
    """Say which deployment answered."""
    served_by = answer.served_by
    return {DEPLOYMENT: quote(served_by.label)} if served_by is not None else {}
