"""The fields of requests. What is not named here is passed on to the model as it came."""

from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Schema = dict[str, Any]
Words = str | Promise
TEXT: Schema = {"type": "string", "minLength": 1}
OBJECT: Schema = {"type": "object"}


@dataclass(frozen=True)
class Parameter:
    """One field: `schema` as JSON Schema has it."""

    name: str
    schema: Schema
    text: Words
    is_required: bool = False

    @property
    def kind(self) -> str:
        """Its type in a word or two, as programmers say it."""
        if "$ref" in self.schema:
            return "array"
        if "anyOf" in self.schema:
            return " | ".join(dict.fromkeys(each["type"] for each in self.schema["anyOf"]))
        return str(self.schema["type"])


def whole(least: int, most: int) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most}


def number(least: float, most: float) -> Schema:
    return {"type": "number", "minimum": least, "maximum": most}


def any_of(*schemas: Schema) -> Schema:
    return {"anyOf": list(schemas)}


def array_of(items: Schema) -> Schema:
    return {"type": "array", "items": items, "minItems": 1}


MODEL_NAME: Schema = {"type": "string", "minLength": 1, "maxLength": 200}
TEXTS = any_of(TEXT, array_of(TEXT), array_of(whole(0, 10**6)), array_of(array_of(whole(0, 10**6))))
MODEL = Parameter("model", MODEL_NAME, _("The name of a model, as the list has it."), True)
STREAM = Parameter("stream", {"type": "boolean"}, _("Send the answer as it is written."))
USER = Parameter("user", TEXT, _("Whom your program asks for; passed on."))
STREAM_OPTIONS = Parameter(
    "stream_options",
    {"type": "object", "properties": {"include_usage": {"type": "boolean"}}},
    _("With include_usage a stream ends with the tokens that were used."),
)
_SAMPLING = (
    Parameter("temperature", number(0, 2), _("How freely words are chosen.")),
    Parameter("top_p", number(0, 1), _("Choose among the likeliest words only.")),
    Parameter("stop", any_of(TEXT, array_of(TEXT)), _("Where the answer ends.")),
    Parameter("seed", {"type": "integer"}, _("For answers that can be had again.")),
)
CHAT = (
    MODEL,
    Parameter(
        "messages",
        {"$ref": "#/components/schemas/Messages"},
        _("The conversation so far. Images are data URLs, or at public addresses."),
        True,
    ),
    STREAM,
    STREAM_OPTIONS,
    Parameter(
        "max_completion_tokens",
        whole(1, 2**31 - 1),
        _("The longest answer; max_tokens means the same."),
    ),
    Parameter("n", whole(1, 128), _("How many answers.")),
    Parameter("tools", array_of(OBJECT), _("Functions that the model may call.")),
    Parameter("tool_choice", any_of(TEXT, OBJECT), _("Whether it may, or must.")),
    Parameter("response_format", OBJECT, _("JSON, or JSON of a schema.")),
    Parameter("logprobs", {"type": "boolean"}, _("How likely each word was.")),
    *_SAMPLING,
    USER,
)
COMPLETIONS = (
    MODEL,
    Parameter("prompt", TEXTS, _("One text or several, each as text or tokens."), True),
    Parameter("suffix", TEXT, _("What comes after the text that is written.")),
    STREAM,
    STREAM_OPTIONS,
    Parameter("max_tokens", whole(0, 2**31 - 1), _("The longest text; 16 by default.")),
    Parameter("n", whole(1, 128), _("How many texts for each prompt.")),
    *_SAMPLING,
    USER,
)
EMBEDDINGS = (
    MODEL,
    Parameter("input", TEXTS, _("One text or several, each as text or tokens."), True),
    Parameter("dimensions", whole(1, 2**31 - 1), _("How long the vectors are.")),
    Parameter(
        "encoding_format",
        {"type": "string", "enum": ["float", "base64"]},
        _("How vectors are written."),
    ),
    USER,
)
_ABLE = _("The name of a model; without it the first that is able answers.")
IMAGES = (
    Parameter("model", MODEL_NAME, _ABLE),
    Parameter("prompt", TEXT, _("What the picture shows."), True),
    Parameter("n", whole(1, 10), _("How many pictures.")),
    Parameter("size", TEXT, _("Width and height, as 1024x1024.")),
    USER,
)
MODERATIONS = (
    Parameter("model", MODEL_NAME, _ABLE),
    Parameter(
        "input",
        any_of(TEXT, array_of(TEXT), array_of(OBJECT)),
        _("A text, several, or parts with text and images."),
        True,
    ),
)
