"""What goes back to a program: an answer at once, or as a stream."""

from urllib.parse import quote

from django.http import HttpResponse, StreamingHttpResponse

from api.v1.answers import Answer


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
        self.answer = answer


def _headers(answer: Answer) -> dict[str, str]:
    """Say which deployment answered."""
    served_by = answer.served_by
    return {"x-causerie-deployment": quote(served_by.label)} if served_by is not None else {}
