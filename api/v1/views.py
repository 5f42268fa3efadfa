"""The endpoints of /v1, in OpenAI's wire format.

https://platform.openai.com/docs/api-reference
"""

from typing import Any

from django.http import HttpRequest, HttpResponseBase, JsonResponse

from accounts.models import Endpoint
from api.v1.answers import Answer
from api.v1.asked import Asked, endpoints_for, read
from api.v1.callers import Caller, address_of, caller_of, secret_in
from api.v1.pictures import fetch_pictures
from api.v1.refusals import Refused, invalid, no_such_model, not_for_this
from api.v1.responses import AnswerStream, answer_whole
from providers.models import ModelSpec
from runs.threads import in_thread

_BIG = 64 * 2**10  # bytes of a body that is not read on the loop


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
    return JsonResponse(_model(await _named(caller, name)))


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
    caller = await _caller(request, endpoint)
    given = request.body
    asked = await in_thread(read, endpoint, given) if len(given) > _BIG else read(endpoint, given)
    model = await _asked_model(caller, asked)
    await fetch_pictures(asked)
    answer = Answer(caller, asked, model)
    try:
        await answer.begin()
        if not asked.is_stream:
            return await answer_whole(answer)
    except BaseException:
        await answer.close()
        raise
    return AnswerStream(answer)


async def _asked_model(caller: Caller, asked: Asked) -> ModelSpec:
    """Return the model that was named, or the first that is able where none need be."""
    if asked.model is None:
        able = [each for each in await in_thread(caller.models) if asked.ability in each.abilities]
        if not able:
            raise invalid("you must provide a model parameter", "model")
        return able[0]
    model = await _named(caller, asked.model)
    if asked.ability not in model.abilities:
        raise not_for_this(asked.model, asked.endpoint, endpoints_for(model))
    return model


async def nowhere(request: HttpRequest, path: str) -> HttpResponseBase:
    message = f"Invalid URL ({request.method} {request.path})"
    raise Refused(404, message, code="unknown_url")


async def _named(caller: Caller, name: str) -> ModelSpec:
    model = await in_thread(caller.model, name) if "\x00" not in name else None
    if model is None:
        raise no_such_model(name)
    return model


def _model(model: ModelSpec) -> dict[str, Any]:
    return {
        "id": model.public_name,
        "object": "model",
        "created": int(model.created_at.timestamp()),
        "owned_by": "causerie",
    }
