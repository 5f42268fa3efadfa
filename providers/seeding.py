"""The providers that an installation begins with: the embedded model, and one from the environment.

Seeded once; afterwards they belong to the administrator. Only what the embedded server itself
decides at each start, its address and its key, is written again.
"""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext_noop as _

from boundary.encryption import UnreadableSecretError
from ops.model import SLOTS
from providers import actions
from providers.catalogue import OPENAI_URL, is_openai_s
from providers.discovery import add_models, make_first_default, offered
from providers.models import Ability, ModelSpec, Provider
from providers.offers import Offered

_LOCK = 0x63_61_75_73_01  # "caus", 1: one process seeds at a time

EMBEDDED_MODEL: dict[str, Any] = {
    "name": "smollm2-135m-instruct",
    "label": "SmolLM2 135M",
    "description": _(
        "A very small model that runs on this computer. It speaks English only and is often wrong."
    ),
    "languages": "English",
    "abilities": [Ability.CHAT.value, Ability.COMPLETIONS.value],
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
        if key and _stored_key(provider) != key:
            actions.store_credential(provider, key)
    return provider if url else None


def _stored_key(provider: Provider) -> str:
    try:
        return provider.current_secret()
    except UnreadableSecretError:  # the master key was lost: this key is told at each start
        return ""


def seed_from_environment(environment: dict[str, str]) -> Provider | None:
    """Add the provider that `OPENAI_API_KEY` names, unless that was done before.

    `OPENAI_BASE_URL` names another server than OpenAI's, `OPENAI_MODEL` (comma-separated) the
    models to offer; without it the server is asked. The first that chats becomes the default.
    """
    key = environment.get("OPENAI_API_KEY", "").strip()
    if not key or Provider.objects.filter(seed="environment").exists():
        return None
    url = (environment.get("OPENAI_BASE_URL") or OPENAI_URL).strip().rstrip("/")
    is_openai = is_openai_s(url)
    named = [each.strip() for each in environment.get("OPENAI_MODEL", "").split(",")]
    models = [Offered(name) for name in dict.fromkeys(named) if name]
    models = models or offered(url, key, allow_private=not is_openai)[0]
    with transaction.atomic():
        _take_turn()
        if Provider.objects.filter(seed="environment").exists():
            return None
        provider = actions.add_provider(
            "OpenAI" if is_openai else urlsplit(url).hostname or "",
            url,
            secret=key,
            seed="environment",
            # Whoever sets the environment decides where this installation may call.
            allow_private=not is_openai,
        )
        make_first_default(add_models(provider, models))
    return provider


def _make_first_default(spec: ModelSpec) -> None:
    if not ModelSpec.objects.filter(is_default=True).exists():
        actions.set_default_model(spec)


def _take_turn() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
