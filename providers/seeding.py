"""The providers that an installation begins with: the embedded model, and one from the environment.

Seeded once; afterwards they belong to the administrator. Only what the embedded server itself
decides at each start, its address and its key, is written again.
"""

import json
import logging
from typing import Any
from urllib.parse import urlsplit

from asgiref.sync import async_to_sync
from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext_noop as _

from ops.model import SLOTS
from providers import actions, catalogue
from providers.models import ModelSpec, Provider

logger = logging.getLogger(__name__)

OPENAI_URL = "https://api.openai.com/v1"
_LOCK = 0x63_61_75_73_01  # "caus", 1: one process seeds at a time
_DISCOVERY_SECONDS = 4.0

EMBEDDED_MODEL: dict[str, Any] = {
    "name": "smollm2-135m-instruct",
    "label": "SmolLM2 135M",
    "description": _(
        "A very small model that runs on this computer. It speaks English only and is often wrong."
    ),
    "languages": "English",
    "context_window": 8192,
    "max_output_tokens": 2048,
    "makes_titles": False,
    "input_price": 0,
    "cached_input_price": 0,
    "output_price": 0,
    "price_source": "local",
}


def seed_embedded() -> Provider | None:
    """Bring the embedded model's provider in line with how it was started; None where it is off."""
    url = getattr(settings, "EMBEDDED_MODEL_URL", None) or ""
    key = getattr(settings, "EMBEDDED_MODEL_KEY", None) or ""
    with transaction.atomic():
        _take_turn()
        provider = Provider.objects.filter(seed="embedded").first()
        if provider is None:
            if not url:
                return None
            provider = actions.add_provider(
                "This computer",
                url,
                seed="embedded",
                is_embedded=True,
                allow_private=True,
                max_streams=SLOTS,
            )
            spec = actions.add_model(provider, **EMBEDDED_MODEL)
            _make_first_default(spec)
        elif provider.base_url != url:
            Provider.objects.filter(pk=provider.pk).update(base_url=url)
        if key and provider.current_secret() != key:
            actions.store_credential(provider, key)
    return provider if url else None


def seed_from_environment(environment: dict[str, str]) -> Provider | None:
    """Add the provider that `OPENAI_API_KEY` names, unless that was done before.

    `OPENAI_BASE_URL` names another server than OpenAI's, `OPENAI_MODEL` (comma-separated) the
    models to offer; without it the server is asked. The first model becomes the default.
    """
    key = environment.get("OPENAI_API_KEY", "").strip()
    if not key or Provider.objects.filter(seed="environment").exists():
        return None
    url = (environment.get("OPENAI_BASE_URL") or OPENAI_URL).strip().rstrip("/")
    host = urlsplit(url).hostname or ""
    is_openai = host == urlsplit(OPENAI_URL).hostname
    named = [each.strip() for each in environment.get("OPENAI_MODEL", "").split(",")]
    models: dict[str, int | None] = dict.fromkeys(each for each in named if each)
    models = models or _offered(url, key, is_openai)
    with transaction.atomic():
        _take_turn()
        if Provider.objects.filter(seed="environment").exists():
            return None
        provider = actions.add_provider(
            "OpenAI" if is_openai else host,
            url,
            secret=key,
            seed="environment",
            # Whoever sets the environment decides where this installation may call.
            allow_private=not is_openai,
        )
        _add_models(provider, models, is_openai)
    return provider


def _add_models(provider: Provider, models: dict[str, int | None], is_openai: bool) -> None:
    for number, (name, window) in enumerate(models.items()):
        facts = catalogue.known(name, is_openai=is_openai, context_window=window)
        fields = {each: getattr(facts, each) for each in facts.__slots__}
        spec = actions.add_model(provider, name, **fields)
        if number == 0:
            actions.set_default_model(spec)


def _make_first_default(spec: ModelSpec) -> None:
    if not ModelSpec.objects.filter(is_default=True).exists():
        actions.set_default_model(spec)


def _offered(url: str, key: str, is_openai: bool) -> dict[str, int | None]:
    """Return the server's models with their context windows, else a few that OpenAI has."""
    found = _discovered(url, key, allow_private=not is_openai)
    able = catalogue.for_chat(list(found), is_openai=is_openai)
    if able:
        return {name: found[name] for name in able}
    return dict.fromkeys(catalogue.OPENAI_MODELS) if is_openai else {}


def _discovered(url: str, key: str, *, allow_private: bool) -> dict[str, int | None]:
    from boundary.egress.addresses import AddressNotAllowed, Rules
    from boundary.egress.fetch import FetchError, fetch
    from boundary.egress.urls import UrlNotAllowed

    try:
        answer = async_to_sync(fetch)(
            f"{url}/models",
            rules=Rules(allow_private=allow_private),
            authorization=f"Bearer {key}",
            max_seconds=_DISCOVERY_SECONDS,
        )
        listed = json.loads(answer.body)["data"] if answer.status == 200 else []
        return {each["id"]: _window(each) for each in listed if isinstance(each["id"], str)}
    except (FetchError, AddressNotAllowed, UrlNotAllowed) as error:
        logger.warning("The provider's models could not be listed: %s", type(error).__name__)
    except (ValueError, KeyError, TypeError):
        logger.warning("The provider's list of models could not be read")
    return {}


def _window(listed: dict[str, Any]) -> int | None:
    """Return the context window as vLLM, OpenRouter or llama.cpp state it."""
    meta = listed.get("meta")
    inner = meta.get("n_ctx_train") if isinstance(meta, dict) else None
    found = listed.get("max_model_len") or listed.get("context_length") or inner
    return found if type(found) is int and found > 0 else None


def _take_turn() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
