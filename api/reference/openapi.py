"""The OpenAPI document of /v1 (https://spec.openapis.org/oas/v3.1.0), in English."""

import json
from collections import defaultdict
from functools import cache
from typing import Any

from django.utils.translation import override

from api.reference.errors import FAILURES, STATUSES
from api.reference.operations import OPERATIONS, Operation
from api.reference.parameters import MODEL, Parameter, Schema
from api.reference.schemas import SCHEMAS

_ABOUT = (
    "The API of OpenAI for the models of this installation: its official packages work unchanged "
    "with this server as base URL. Fields that are not named here are passed on to the model."
)
_TEXT: Schema = {"type": "string"}
_HEADERS = {
    "x-request-id": "Names the request; quote it where something went wrong.",
    "x-causerie-deployment": "Which deployment answered, percent-encoded.",
    "idempotent-replayed": "true, where the answer is that of an earlier request.",
}
_LIMITS = {
    "retry-after": "Seconds after which to come again.",
    "x-ratelimit-limit-requests": "Requests a minute that are allowed.",
    "x-ratelimit-remaining-requests": "Requests that are left.",
    "x-ratelimit-reset-requests": "When all are allowed again, as 6m0s.",
    "x-ratelimit-limit-tokens": "Tokens a minute that are allowed.",
    "x-ratelimit-remaining-tokens": "Tokens that are left.",
    "x-ratelimit-reset-tokens": "When all are allowed again, as 6m0s.",
}


@cache
def document_of(base_url: str) -> bytes:
    """Return the document as JSON, for the installation whose /v1 is at `base_url`."""
    with override("en"):
        return json.dumps(_document(base_url), ensure_ascii=False, default=str).encode()


def _document(base_url: str) -> dict[str, Any]:
    paths = {operation.path: _path(operation) for operation in OPERATIONS}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Causerie", "version": "1", "description": _ABOUT},
        "servers": [{"url": base_url}],
        "security": [{"key": []}],
        "paths": {**paths, "/models/{model}": {"get": _model_show()}},
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "headers": {
                name: {"description": text, "schema": _TEXT}
                for name, text in {**_HEADERS, **_LIMITS}.items()
            },
            "responses": _failures(),
        },
    }


def _path(operation: Operation) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": operation.call,
        "summary": operation.title,
        "description": operation.text,
        "responses": {"200": _answer(operation.answer, operation.events), **_refusals()},
    }
    if operation.parameters:
        told["parameters"] = [_IDEMPOTENCY]
        shape = {"schema": _body(operation.parameters), "example": operation.example}
        told["requestBody"] = {"required": True, "content": {"application/json": shape}}
    return {operation.method.lower(): told}


def _model_show() -> dict[str, Any]:
    return {
        "operationId": "models.retrieve",
        "summary": "Show a model",
        "parameters": [
            {"name": "model", "in": "path", "required": True, "schema": MODEL.schema},
        ],
        "responses": {"200": _answer("Model"), **_refusals()},
    }


_IDEMPOTENCY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "A name of yours for the request: made again within a day, it has "
    "the same answer and is paid once. It is answered to its end although you go away.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
}


def _body(parameters: tuple[Parameter, ...]) -> Schema:
    return {
        "type": "object",
        "properties": {
            each.name: each.schema if "$ref" in each.schema else _described(each)
            for each in parameters
        },
        "required": [each.name for each in parameters if each.is_required],
    }


def _described(parameter: Parameter) -> Schema:
    return {**parameter.schema, "description": parameter.text}


def _answer(schema: str, events: str = "") -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    if events:
        content["text/event-stream"] = {
            "schema": {
                "type": "string",
                "description": f"Events, each with a {events}; the last is [DONE].",
            }
        }
    return {"description": "The answer", "headers": _named(_HEADERS), "content": content}


def _named(headers: dict[str, str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in headers}


def _refusals() -> dict[str, Any]:
    return {str(status): {"$ref": f"#/components/responses/{status}"} for status in STATUSES}


def _failures() -> dict[str, Any]:
    told: dict[int, list[str]] = defaultdict(list)
    for failure in FAILURES:
        code = f"{failure.code}: " if failure.code else ""
        told[failure.status].append(f"{code}{failure.text}")
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {
        str(status): {
            "description": " ".join(texts),
            "headers": _named({"x-request-id": "", **(_LIMITS if status == 429 else {})}),
            "content": error,
        }
        for status, texts in told.items()
    }
