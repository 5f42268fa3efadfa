"""What servers say of their models in `GET /models`.

OpenAI's own list holds names alone. Others add facts, each in its own words: read here are those
of OpenRouter, Hugging Face, Mistral, vLLM, llama.cpp, LM Studio, Ollama, Groq, Together, Moonshot,
Fireworks and Novita. What a server does not say is not in the answer.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from providers.models import Ability

Stated = dict[Ability, bool]
LONGEST_NAME = 200
_WINDOWS = ("max_model_len", "context_length", "max_context_length", "context_window")
_WORDS = {
    "completion": (Ability.CHAT, Ability.COMPLETIONS),  # llama.cpp and Ollama
    "vision": (Ability.VISION,),
    "multimodal": (Ability.VISION,),
    "tools": (Ability.TOOLS,),
    "tool_use": (Ability.TOOLS,),
    "function-calling": (Ability.TOOLS,),
    "structured-outputs": (Ability.JSON,),
    "embedding": (Ability.EMBEDDINGS,),
}
_TYPES = {
    "llm": {Ability.CHAT},
    "vlm": {Ability.CHAT, Ability.VISION},
    "chat": {Ability.CHAT},
    "language": {Ability.COMPLETIONS},
    "code": {Ability.COMPLETIONS},
    "embedding": {Ability.EMBEDDINGS},
    "embeddings": {Ability.EMBEDDINGS},
    "image": {Ability.IMAGES},
    "moderation": {Ability.MODERATION},
    "rerank": set(),
    "audio": set(),
    "transcribe": set(),
    "video": set(),
}
_USES = (Ability.CHAT, Ability.COMPLETIONS, Ability.EMBEDDINGS, Ability.IMAGES, Ability.MODERATION)
# An ability, and what says whether a model has it: `capabilities` of Mistral's, else of the model.
_FLAGS = {
    "completion_chat": Ability.CHAT,
    "function_calling": Ability.TOOLS,
    "vision": Ability.VISION,
    "supports_chat": Ability.CHAT,
    "supports_tools": Ability.TOOLS,
    "supports_image_in": Ability.VISION,
    "supports_image_input": Ability.VISION,
}


@dataclass(frozen=True, slots=True)
class Offered:
    """A model at a server, and what the server said of it: tokens, and what it can or cannot."""

    name: str
    context_window: int | None = None
    stated: Mapping[Ability, bool] = field(default_factory=dict)


def read(body: bytes) -> list[Offered]:
    """Return the models of a server's list, in its order. Raises `ValueError` for another text."""
    try:
        whole = json.loads(body)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    rows = whole.get("data") if isinstance(whole, dict) else whole  # Together's is a bare list
    if not isinstance(rows, list):
        raise ValueError("no list of models")
    # llama.cpp and Ollama put their own facts into a second list beside OpenAI's.
    more = whole.get("models") if isinstance(whole, dict) else None
    beside = dict(_named(more if isinstance(more, list) else []))
    found = {name: {**beside.get(name, {}), **row} for name, row in _named(rows)}
    return [Offered(name, _window(row), _stated(row)) for name, row in found.items()]


def _named(rows: list[Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for row in rows:
        name = (row.get("id") or row.get("name")) if isinstance(row, dict) else None
        if isinstance(name, str) and 0 < len(name) <= LONGEST_NAME and name.isprintable():
            yield name, row


def _window(row: dict[str, Any]) -> int | None:
    """Return the context window; llama.cpp's is that of the model's training, in `meta`."""
    given = [row.get(key) for key in _WINDOWS]
    given += [_dict(row.get("meta")).get("n_ctx_train"), row.get("context_size")]
    return next((each for each in given if type(each) is int and each > 0), None)


def _stated(row: dict[str, Any]) -> Stated:
    return {**_of_type(row), **_of_words(row), **_of_architecture(row), **_of_flags(row)}


def _of_type(row: dict[str, Any]) -> Stated:
    """LM Studio, Together and Novita: one word for what a model is for."""
    given = (row.get("type"), row.get("model_type"))
    kind = next((each for each in given if isinstance(each, str) and each in _TYPES), None)
    if kind is None:
        return {}
    stated = {each: each in _TYPES[kind] for each in _USES}
    if Ability.VISION in _TYPES[kind] or kind == "llm":  # LM Studio's, which tells them apart
        stated[Ability.VISION] = kind == "vlm"
    return stated


def _of_words(row: dict[str, Any]) -> Stated:
    """llama.cpp, Ollama, LM Studio and Novita: words for what there is, none for what is not."""
    given = [row.get(key) for key in ("capabilities", "features")]
    lists = [each for each in given if isinstance(each, list)]
    words = {word for each in lists for word in each if isinstance(word, str)}
    stated = {able: True for word in words for able in _WORDS.get(word, ())}
    if words & {"completion", "embedding"}:  # llama.cpp and Ollama, which name every use
        return {**dict.fromkeys((*_USES, Ability.VISION), False), **stated}
    return stated


def _of_architecture(row: dict[str, Any]) -> Stated:
    """OpenRouter and Hugging Face: what goes in, what comes out, and which parameters count."""
    architecture = _dict(row.get("architecture"))
    into = architecture.get("input_modalities") or row.get("input_modalities")
    out = architecture.get("output_modalities") or row.get("output_modalities")
    stated: Stated = {}
    if isinstance(into, list) and into:
        stated[Ability.VISION] = "image" in into
    if isinstance(out, list) and out:
        stated[Ability.CHAT] = "text" in out
        stated[Ability.IMAGES] = "image" in out
        stated[Ability.EMBEDDINGS] = "embeddings" in out
    takes = row.get("supported_parameters")
    if isinstance(takes, list) and takes:
        stated[Ability.TOOLS] = "tools" in takes
        stated[Ability.JSON] = "structured_outputs" in takes
    return stated


def _of_flags(row: dict[str, Any]) -> Stated:
    """Mistral's `capabilities`, and the switches of Fireworks and Moonshot."""
    said = {**row, **_dict(row.get("capabilities"))}
    return {able: said[flag] for flag, able in _FLAGS.items() if isinstance(said.get(flag), bool)}


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
