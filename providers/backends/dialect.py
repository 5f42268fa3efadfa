"""How one server wants to be asked: which of the optional parameters it knows."""

import re
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from providers.values import Prompt, Wire

_OPENAI_HOSTS = ("api.openai.com", ".openai.azure.com")
CHAT = "/chat/completions"
COMPLETIONS = "/completions"
_CAPS = ("max_tokens", "max_completion_tokens")
# What a prompt may leave to the server and a server may refuse, and how refusals call it.
_OPTIONAL = {
    name: re.compile(rf"\b({called})\b", re.IGNORECASE)
    for name, called in {
        "temperature": "temperature",
        "top_p": "top_?p",
        "seed": "seed",
        "presence_penalty": "presence_?penalty|penalty",
        "frequency_penalty": "frequency_?penalty|penalty",
        "stop": "stop",
    }.items()
}
# The parameter is known, but not with this value, or not beside another one.
_OF_VALUE = re.compile(
    r"\brange\b|\bbetween\b|\b(less|greater) than\b|\bat (most|least)\b|\b(max|min)imum\b"
    r"|positive|negative|\bmust be in\b|[<>]|\bboth\b",
    re.IGNORECASE,
)
_MOST_VALUES = 200


class Dialect:
    """What is known of a server's model in this process; refusals teach the rest.

    OpenAI's newer models accept only `max_completion_tokens`, most other servers only
    `max_tokens`; some servers refuse `stream_options` or a JSON schema, some models a
    `temperature` or one that others take.
    """

    def __init__(self, host: str) -> None:
        self._cap = "max_completion_tokens" if host.endswith(_OPENAI_HOSTS) else "max_tokens"
        self._other_cap = "max_tokens" if self._cap != "max_tokens" else "max_completion_tokens"
        self._unknown: set[str] = set()
        self._values: set[tuple[str, str]] = set()  # of parameters, each of them refused
        self._formats = list(_FORMATS)  # the first is what the server knows

    def body(self, model: str, prompt: Prompt, *, stream: bool) -> dict[str, Any]:
        """Return the request for `prompt`; the cap on output is always in it."""
        body: dict[str, Any] = {"model": model, "stream": stream}
        if prompt.completes:
            body |= {"prompt": prompt.turns[0].text, "max_tokens": prompt.max_tokens}
        else:
            turns = [{"role": turn.role, "content": turn.text} for turn in prompt.turns]
            body |= {"messages": turns, self._cap: prompt.max_tokens}
        if stream and "stream_options" not in self._unknown:
            body["stream_options"] = {"include_usage": True}
        for name in _OPTIONAL:
            value = getattr(prompt, name)
            if value not in (None, ()) and self._takes(name, value):
                body[name] = value
        if prompt.schema is not None and self._formats:
            body["response_format"] = _FORMATS[self._formats[0]](prompt.schema)
        return body

    def wire(self, model: str, wire: Wire) -> dict[str, Any]:
        """Return a program's request as this server takes it, with `model` as its model."""
        body = {**wire.body, "model": model}
        for name in _CAPS:
            body.pop(name, None)
        if wire.max_tokens is not None:
            body[self._cap if wire.path == CHAT else "max_tokens"] = wire.max_tokens
        if wire.is_stream:
            options = body.pop("stream_options", None) or {}
            if "stream_options" not in self._unknown:
                body["stream_options"] = {**options, "include_usage": True}
        return body

    def learn_of_ours(self, refusal: str, asked: dict[str, Any]) -> bool:
        """As `learn`, of what we added to a program's request; what it set itself stays."""
        ours = (*_CAPS, "stream_options", "messages")  # the last is not ours; it tells of a chat
        return self.learn(refusal, {name: asked[name] for name in ours if name in asked})

    def learn(self, refusal: str, asked: dict[str, Any]) -> bool:
        """Learn from a refusal's message; return whether asking again differs from `asked`.

        Other calls may have learned the same since `asked` was sent.
        """
        if "max_completion_tokens" in refusal and self._learn_cap(asked):
            return True
        if "stream_options" in asked and "stream_options" in refusal:
            self._unknown.add("stream_options")
            return True
        if "response_format" in asked and re.search(r"response_format|json_?schema", refusal):
            refused_format = asked["response_format"]["type"]
            self._formats = [each for each in self._formats if each != refused_format]
            return True
        named = [name for name, called in _OPTIONAL.items() if called.search(refusal)]
        refused = [name for name in named if name in asked]
        if _OF_VALUE.search(refusal):
            self._learn_values({name: asked[name] for name in refused[-1:]})
        else:
            self._unknown.update(refused)
        return bool(refused)

    def _takes(self, name: str, value: Any) -> bool:
        return name not in self._unknown and (name, str(value)) not in self._values

    def _learn_values(self, refused: dict[str, Any]) -> None:
        """Leave these out where they are said again; others are sent, whoever said these."""
        if len(self._values) >= _MOST_VALUES:
            self._values.clear()
        self._values.update((name, str(value)) for name, value in refused.items())

    def _learn_cap(self, asked: dict[str, Any]) -> bool:
        if "messages" not in asked:  # completions have one name for it
            return False
        if self._other_cap and self._cap in asked:
            self._cap, self._other_cap = self._other_cap, ""  # once: there is no third name
            return True
        return self._cap not in asked and any(name in asked for name in _CAPS)


def _json_schema(schema: dict[str, Any]) -> dict[str, Any]:
    named = {"name": "answer", "schema": schema, "strict": True}
    return {"type": "json_schema", "json_schema": named}


def _json_object(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "json_object"}


_FORMATS = {"json_schema": _json_schema, "json_object": _json_object}


@lru_cache(maxsize=1024)
def dialect_of(base_url: str, model: str) -> Dialect:
    """Return what this process knows of `model` at `base_url`."""
    return Dialect(urlsplit(base_url).hostname or "")
