"""The endpoints of /v1, in OpenAI's wire format.

https://platform.openai.com/docs/api-reference
"""

from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse

from accounts.models import Endpoint
from accounts.rights import RightsChanged
from api.reference.openapi import document_of
from api.v1 import known
from api.v1.answers import Answer
from api.v1.asked import read
from api.v1.callers import Caller, address_of, caller_of, secret_in
from api.v1.idempotency import HEADER, answered_once
from api.v1.pictures import fetch_pictures
from api.v1.refusals import Refused
from api.v1.responses import AnswerStream, answer_whole
from providers.models import ModelSpec
from runs.threads import in_thread

_BIG = 64 * 2**10  # bytes of a body that is not read on the loop
_LOOKS = 5  # at who calls, while rights change


async def _caller(request: HttpRequest, endpoint: Endpoint) -> Caller:
    return await in_thread(caller_of, secret_in(request), address_of(request), endpoint)


def _only(request: HttpRequest, method: str) -> None:
    if request.method != method:
        message = f"Not allowed to {request.method} on {request.path}."
        raise Refused(405, message, headers={"Allow": method})


async def model_list(request: HttpRequest) -> HttpResponseBase:
    _only(request, "GET")
    caller = await _caller(request, Endpoint.MODELS)
    models = await in_thread(caller.models)
    return JsonResponse({"object": "list", "data": [_model(model) for model in models]})


async def model_show(request: HttpRequest, name: str) -> HttpResponseBase:
    _only(request, "GET")
    caller = await _caller(request, Endpoint.MODELS)
    return JsonResponse(_model(await in_thread(caller.model, name)))


async def chat_completion_create(request: HttpRequest) -> HttpResponseBase:
    return await _answered(request, Endpoint.CHAT)


async def completion_create(request: HttpRequest) -> HttpResponseBase:
    return await _answered(request, Endpoint.COMPLETIONS)


async def embedding_create(request: HttpRequest) -> HttpResponseBase:
    return await _answered(request, Endpoint.EMBEDDINGS)


async def image_create(request: HttpRequest) -> HttpResponseBase:
    return await _answered(request, Endpoint.IMAGES)


async def moderation_create(request: HttpRequest) -> HttpResponseBase:
    return await _answered(request, Endpoint.MODERATIONS)


async def _answered(request: HttpRequest, endpoint: Endpoint) -> HttpResponseBase:
    """Return a model's answer to what is asked at `endpoint`. Raises `Refused`."""
    _only(request, "POST")
    if HEADER in request.headers:  # an answer that is kept already is given without a hold
        caller = await _caller(request, endpoint)
        return await answered_once(request, caller, partial(_answer, request, caller, endpoint))
    caller = await known.caller(secret_in(request), address_of(request), endpoint)
    return await _answer(request, caller, endpoint)


async def _answer(request: HttpRequest, caller: Caller, endpoint: Endpoint) -> HttpResponseBase:
    given = request.body
    asked = await in_thread(read, endpoint, given) if len(given) > _BIG else read(endpoint, given)
    model, _ = await known.model(caller, asked)
    await fetch_pictures(asked, caller, model)
    for _ in range(_LOOKS):
        answer = Answer(caller, asked, *await known.model(caller, asked))
        try:
            await answer.begin()
            if asked.is_stream:
                return AnswerStream(answer)
            return await answer_whole(answer)
        except RightsChanged:
            await answer.close()
            known.forget()
            caller = await _caller(request, endpoint)
        except BaseException:
            await answer.close()
            raise
    raise Refused(503, "Rights change too often to be sure of yours.", "server_error")


async def openapi_show(request: HttpRequest) -> HttpResponseBase:
    """Describe all this for programs that read OpenAPI; no key is asked for."""
    _only(request, "GET")
    document = document_of(f"{settings.PUBLIC_URL}/v1")
    return HttpResponse(document, content_type="application/json")


async def nowhere(request: HttpRequest, path: str) -> HttpResponseBase:
    message = f"Invalid URL ({request.method} {request.path})"
    raise Refused(404, message, code="unknown_url")


def _model(model: ModelSpec) -> dict[str, Any]:
    return {
        "id": model.public_name,
        "object": "model",
        "created": int(model.created_at.timestamp()),
        "owned_by": "causerie",
    }
