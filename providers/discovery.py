"""Which models a server offers: asked of the server itself, completed by what is known of them."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from asgiref.sync import async_to_sync

from providers import actions, catalogue
from providers.errors import ProviderError
from providers.models import ModelSpec, Provider

logger = logging.getLogger(__name__)

OPENAI_URL = "https://api.openai.com/v1"
_SECONDS = 4.0


def is_openai_s(url: str) -> bool:
    """Say whether the address is OpenAI's own service."""
    return urlsplit(url).hostname == urlsplit(OPENAI_URL).hostname


def offered(
    url: str, key: str, *, allow_private: bool, kind: str = Provider.Kind.OPENAI
) -> dict[str, int | None]:
    """Return the server's chat models with their context windows, where it states them.

    Blocking. Where OpenAI itself cannot be asked these are a few that it is known to have; of any
    other server that does not list its models there are none.
    """
    is_openai = is_openai_s(url)
    found = _listed(url, key, allow_private=allow_private, kind=kind)
    able = catalogue.for_chat(list(found), is_openai=is_openai)
    if able:
        return {name: found[name] for name in able}
    return dict.fromkeys(catalogue.OPENAI_MODELS) if is_openai else {}


def add_models(provider: Provider, models: Mapping[str, int | None]) -> list[ModelSpec]:
    """Add models by their names and context windows, with what is known of each."""
    is_openai = is_openai_s(provider.base_url)
    specs = []
    for name, window in models.items():
        facts = catalogue.known(name, is_openai=is_openai, context_window=window)
        fields = {each: getattr(facts, each) for each in facts.__slots__}
        specs.append(actions.add_model(provider, name, **fields))
    return specs


def connect(provider: Provider, key: str, names: Iterable[str] = ()) -> list[ModelSpec]:
    """Store a new provider's key and add its models: those of `names`, else those it lists.

    The first becomes the default where that was none or the embedded model. Blocking. Raises
    `ValidationError`.
    """
    if key:
        actions.store_credential(provider, key)
    models = dict.fromkeys(names) or offered(
        provider.base_url, key, allow_private=provider.allow_private, kind=provider.kind
    )
    specs = add_models(provider, models)
    default = ModelSpec.objects.filter(is_default=True).select_related("provider").first()
    if specs and (default is None or default.provider.is_embedded):
        actions.set_default_model(specs[0])
    return specs


def _listed(url: str, key: str, *, allow_private: bool, kind: str) -> dict[str, int | None]:
    # Here, since the web process knows this module and seldom needs what it loads.
    from providers.listing import listed

    try:
        found = async_to_sync(listed)(
            url, key, kind=kind, allow_private=allow_private, seconds=_SECONDS
        )
    except ProviderError as error:
        logger.warning("The provider's models could not be listed: %s", error.kind)
        return {}
    return {each["id"]: _window(each) for each in found}


def _window(listed: dict[str, Any]) -> int | None:
    """Return the context window as vLLM, OpenRouter or llama.cpp state it."""
    meta = listed.get("meta")
    inner = meta.get("n_ctx_train") if isinstance(meta, dict) else None
    found = listed.get("max_model_len") or listed.get("context_length") or inner
    return found if type(found) is int and found > 0 else None
