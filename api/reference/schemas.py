"""The shapes of answers, as far as programs can rely on them."""

from api.reference.parameters import OBJECT, Schema

_TEXT: Schema = {"type": "string"}
_NUMBER: Schema = {"type": "integer"}
_TEXT_OR_NULL: Schema = {"type": ["string", "null"]}


def _object(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _kind(name: str) -> Schema:
    return {"type": "string", "const": name}


def _answer(kind: str, choice: Schema) -> Schema:
    shape = _object(
        id=_TEXT, object=_kind(kind), created=_NUMBER, model=_TEXT, choices=_list(choice)
    )
    shape["properties"]["usage"] = {"anyOf": [_ref("Usage"), {"type": "null"}]}
    return shape


_CHOICE = _object(index=_NUMBER, finish_reason=_TEXT_OR_NULL)
_MESSAGE: Schema = {
    "type": "object",
    "properties": {
        "role": {
            "type": "string",
            "enum": ["developer", "system", "user", "assistant", "tool"],
        },
        "content": {"anyOf": [_TEXT, _list(_ref("Part")), {"type": "null"}]},
    },
    "required": ["role"],
}
_PART: Schema = {
    "oneOf": [
        {
            "type": "object",
            "properties": {"type": _kind("text"), "text": _TEXT},
            "required": ["type", "text"],
        },
        {
            "type": "object",
            "properties": {
                "type": _kind("image_url"),
                "image_url": _object(
                    url={"type": "string", "pattern": "^data:image/(png|jpeg|gif|webp);base64,"}
                ),
            },
            "required": ["type", "image_url"],
        },
    ]
}
SCHEMAS: dict[str, Schema] = {
    "Messages": {"type": "array", "items": _MESSAGE, "minItems": 1},
    "Part": _PART,
    "Usage": _object(prompt_tokens=_NUMBER, total_tokens=_NUMBER),
    "Model": _object(id=_TEXT, object=_kind("model"), created=_NUMBER, owned_by=_TEXT),
    "ModelList": _object(object=_kind("list"), data=_list(_ref("Model"))),
    "ChatCompletion": _answer("chat.completion", _CHOICE),
    "ChatCompletionChunk": _answer("chat.completion.chunk", _CHOICE),
    "Completion": _answer("text_completion", _CHOICE),
    "EmbeddingList": _object(object=_kind("list"), data=_list(OBJECT), model=_TEXT),
    "ImageList": _object(created=_NUMBER, data=_list(OBJECT)),
    "ModerationList": _object(id=_TEXT, model=_TEXT, results=_list(OBJECT)),
    "Error": _object(
        error=_object(message=_TEXT, type=_TEXT, param=_TEXT_OR_NULL, code=_TEXT_OR_NULL)
    ),
}
