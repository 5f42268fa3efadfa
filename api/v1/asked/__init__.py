"""What a program asks: its JSON, read and checked as far as we must know it.

Everything else in it is the model's: it is passed on as it came. What an endpoint's body must hold,
and what a model makes of it, is told by one module for each noun.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from accounts.models import Endpoint
from api.v1.asked import chat, completions, embeddings, images, moderations
from api.v1.asked.body import read_object
from api.v1.asked.extent import Extent
from api.v1.asked.fields import flag
from api.v1.refusals import Refused, invalid
from providers.models import Ability, ModelSpec
from providers.values import Wire

MOST_BYTES = 20 * 2**20
_MOST_TOKENS = 2**31 - 1  # as the ledger counts
# Some gateways let a request say where it goes and with which key: never with the provider's.
# llama.cpp's own words for the cap and the number of answers would outrank those that are held.
_FORBIDDEN = (
    "api_base", "api_key", "api_version", "base_url", "custom_llm_provider", "extra_body",
    "extra_headers", "fallbacks", "headers", "model_list", "organization", "user_config",
    "n_cmpl", "n_predict",
)  # fmt: skip


@dataclass(frozen=True)
class _Kind:
    """What an endpoint is for. Without `names_model` the first that is able answers."""

    ability: Ability
    extent_of: Callable[[dict[str, Any]], Extent]
    may_stream: bool = False
    names_model: bool = True


_KINDS = {
    Endpoint.CHAT: _Kind(Ability.CHAT, chat.extent_of, may_stream=True),
    Endpoint.COMPLETIONS: _Kind(Ability.COMPLETIONS, completions.extent_of, may_stream=True),
    Endpoint.EMBEDDINGS: _Kind(Ability.EMBEDDINGS, embeddings.extent_of),
    Endpoint.IMAGES: _Kind(Ability.IMAGES, images.extent_of, names_model=False),
    Endpoint.MODERATIONS: _Kind(Ability.MODERATION, moderations.extent_of, names_model=False),
}


@dataclass(frozen=True)
class Asked:
    """One request: which model by its public name, and what for."""

    endpoint: Endpoint
    model: str | None
    body: dict[str, Any]
    extent: Extent
    is_stream: bool
    wants_usage: bool

    @property
    def ability(self) -> Ability:
        """What a model must be able to for answering."""
        return _KINDS[self.endpoint].ability

    def wire(self, model: ModelSpec) -> Wire:
        """Return the request as it is sent to the provider of `model`. Raises `Refused`."""
        extent = self.extent
        wire = Wire(
            path=f"/{self.endpoint.value}",
            body=self.body,
            texts=extent.texts,
            tokens=extent.tokens,
            max_tokens=extent.most_of_each(model.max_output_tokens),
            has_media=extent.has_media,
            choices=extent.choices,
            is_bounded=extent.is_bounded,
            is_stream=self.is_stream,
            wants_usage=self.wants_usage,
            may_be_shorter=extent.cap is None,
        )
        if wire.most_output > _MOST_TOKENS:
            raise invalid("The answers that were asked for are too long together.")
        return wire


def read(endpoint: Endpoint, given: bytes) -> Asked:
    """Read a request's body. Raises `Refused`."""
    kind, body = _KINDS[endpoint], read_object(given)
    for name in _FORBIDDEN:
        if name in body:
            raise _unknown(name)
    model = body.get("model")
    if not (model is None and not kind.names_model):
        _check_model(model)
    is_stream = flag(body, "stream")
    if is_stream and not kind.may_stream:
        message = "Answers of this endpoint are not streamed."
        raise invalid(message, "stream", "unsupported_value")
    if endpoint is not Endpoint.CHAT and "messages" in body:
        raise _unknown("messages")  # they could name addresses to a server that reads them
    extent = kind.extent_of(body)
    return Asked(endpoint, model, body, extent, is_stream, _wants_usage(body, is_stream))


def endpoints_for(model: ModelSpec) -> list[Endpoint]:
    """Return where `model` can be asked."""
    return [endpoint for endpoint, kind in _KINDS.items() if kind.ability in model.abilities]


def _check_model(name: Any) -> None:
    if not isinstance(name, str) or not 0 < len(name) <= 200 or "\x00" in name:
        raise invalid("you must provide a model parameter", "model")


def _unknown(name: str) -> Refused:
    return invalid(f"Unrecognized request argument supplied: {name}", name)


def _wants_usage(body: dict[str, Any], is_stream: bool) -> bool:
    options = body.get("stream_options")
    if options is not None and not isinstance(options, dict):
        raise invalid("Invalid type for 'stream_options': expected an object.", "stream_options")
    if options and not is_stream:
        message = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        raise invalid(message, "stream_options")
    return bool(options and options.get("include_usage"))
