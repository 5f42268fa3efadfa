"""The endpoints: each with its fields, its answer and a call to begin with."""

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.models import Endpoint
from api.reference import parameters
from api.reference.parameters import Parameter, Words


@dataclass(frozen=True)
class Operation:
    """One endpoint. `call` is its name in the official packages, `answer` a schema's."""

    endpoint: Endpoint
    title: Words
    text: Words
    call: str
    answer: str
    parameters: tuple[Parameter, ...] = ()
    events: str = ""
    example: dict[str, Any] = field(default_factory=dict)

    @property
    def method(self) -> str:
        return "POST" if self.parameters else "GET"

    @property
    def path(self) -> str:
        return f"/{self.endpoint.value}"

    @property
    def slug(self) -> str:
        return self.endpoint.value.replace("/", "-")


OPERATIONS = (
    Operation(
        Endpoint.MODELS,
        _("List the models"),
        _("The models that your key opens. One of them alone: /models/NAME."),
        "models.list",
        "ModelList",
    ),
    Operation(
        Endpoint.CHAT,
        _("Answer in a chat"),
        _("The next message of a conversation, at once or as server-sent events."),
        "chat.completions.create",
        "ChatCompletion",
        parameters.CHAT,
        "ChatCompletionChunk",
        {"model": "MODEL", "messages": [{"role": "user", "content": "Hello"}]},
    ),
    Operation(
        Endpoint.COMPLETIONS,
        _("Go on with a text"),
        _("What comes after a text, for models that complete."),
        "completions.create",
        "Completion",
        parameters.COMPLETIONS,
        "Completion",
        {"model": "MODEL", "prompt": "Once upon a time"},
    ),
    Operation(
        Endpoint.EMBEDDINGS,
        _("Make vectors of texts"),
        _("A vector for each text: near ones mean nearly the same."),
        "embeddings.create",
        "EmbeddingList",
        parameters.EMBEDDINGS,
        example={"model": "MODEL", "input": ["a chat", "a conversation"]},
    ),
    Operation(
        Endpoint.IMAGES,
        _("Draw pictures"),
        _("Pictures of what a text describes, with a price that no count of tokens bounds."),
        "images.generate",
        "ImageList",
        parameters.IMAGES,
        example={"prompt": "Two people talking, as a woodcut"},
    ),
    Operation(
        Endpoint.MODERATIONS,
        _("Judge texts"),
        _("Whether a text or an image is harmful, and how."),
        "moderations.create",
        "ModerationList",
        parameters.MODERATIONS,
        example={"input": "A friendly word"},
    ),
)
