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
# What a prompt may leave to the server, and a server may refuse.
_SAMPLING = ("temperature", "top_p", "seed", "presence_penalty", "frequency_penalty")


class Dialect:
    """What is known of a server's model in this process; refusals teach the rest.

    OpenAI's newer models accept only `max_completion_tokens`, most other servers only
    `max_tokens`; some servers refuse `stream_options` or a JSON schema, some models a
    `temperature`.
    """

    def __init__(self, host: str) -> None:
        self._cap = "max_completion_tokens" if host.endswith(_OPENAI_HOSTS) else "max_tokens"
        self._other_cap = "max_tokens" if self._cap != "max_tokens" else "max_completion_tokens"
        self._unknown: set[str] = set()
        self._formats = [_json_schema, _json_object]  # the first is what the server knows

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
        for name in _SAMPLING:
            value = getattr(prompt, name)
            if value is not None and name not in self._unknown:
                body[name] = value
        if prompt.stop:
            body["stop"] = list(prompt.stop)
        if prompt.schema is not None and self._formats:
            body["response_format"] = self._formats[0](prompt.schema)
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
        ours = (*_CAPS, "stream_options")
        return self.learn(refusal, {name: asked[name] for name in ours if name in asked})

    def learn(self, refusal: str, asked: dict[str, Any]) -> bool:
        """Learn from a refusal's message; return whether asking again differs from `asked`."""
        if "max_completion_tokens" in refusal and self._other_cap:
            self._cap, self._other_cap = self._other_cap, ""  # once: there is no third name
        elif "stream_options" in asked and "stream_options" in refusal:
            self._unknown.add("stream_options")
        elif "response_format" in asked and re.search(r"response_format|json_?schema", refusal):
            # Of several that were asked at once the first refusal teaches the others.
            kind = asked["response_format"]["type"]
            if self._formats and self._formats[0]({})["type"] == kind:
                del self._formats[0]
        else:
            refused = {name for name in _SAMPLING if name in asked and name in refusal}
            self._unknown |= refused
            return bool(refused)
        return True


def _json_schema(schema: dict[str, Any]) -> dict[str, Any]:
    named = {"name": "answer", "schema": schema, "strict": True}
    return {"type": "json_schema", "json_schema": named}


def _json_object(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "json_object"}


@lru_cache(maxsize=1024)
def dialect_of(base_url: str, model: str) -> Dialect:
    """Return what this process knows of `model` at `base_url`."""
    return Dialect(urlsplit(base_url).hostname or "")
