"""What is known of models before anybody asks them: limits and prices, from genai-prices.

The package's snapshot is used, offline; what is taken from it is written into the catalogue's row
with its source, so that an administrator sees where a price is from and can correct it.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo

# Offered where a server cannot be asked for its list, the first as default.
OPENAI_MODELS = ("gpt-5.4-mini", "gpt-5.4", "gpt-5.4-nano", "gpt-4.1")
_NOT_FOR_CHAT = re.compile(
    r"embed|whisper|tts|dall-e|image|audio|realtime|moderation|transcribe|babbage|davinci|instruct-"
    r"|gpt-3\.5-turbo-instruct|rerank|search|codex|computer-use|sora|deep-research|-pro\b",
    re.IGNORECASE,
)
_SNAPSHOT = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{4}|preview)$")


@dataclass(frozen=True, slots=True)
class Known:
    """Facts about a model. Prices are US dollars per million tokens; None is unknown."""

    label: str
    context_window: int
    max_output_tokens: int
    input_price: Decimal | None = None
    cached_input_price: Decimal | None = None
    output_price: Decimal | None = None
    price_source: str = ""


def known(name: str, *, is_openai: bool, context_window: int | None = None) -> Known:
    """Return what is known of the model called `name`; `context_window` is the server's own word.

    Prices are looked up for OpenAI's own service only: another server's model of the same name
    costs what that server says.
    """
    found = _openai_model(name) if is_openai else None
    window = context_window or (found and found.context_window) or (128_000 if is_openai else 8192)
    window = max(512, min(window, 2_000_000))
    label = name.rpartition("/")[2][:100]
    most = min(16_384, window // 4)
    if found is None:
        return Known(label, window, most)
    import genai_prices

    prices = found.prices if not isinstance(found.prices, list) else found.prices[-1].prices
    return Known(
        label=label,
        context_window=window,
        max_output_tokens=most,
        input_price=_price(prices.input_mtok),
        cached_input_price=_price(prices.cache_read_mtok),
        output_price=_price(prices.output_mtok),
        price_source=f"genai-prices {genai_prices.__version__}",
    )


def for_chat(names: list[str], *, is_openai: bool) -> list[str]:
    """Return those of a server's models that one can chat with, in its order."""
    able = [name for name in names if not _NOT_FOR_CHAT.search(name)]
    if is_openai:
        able = [name for name in able if not _SNAPSHOT.search(name)]
        able.sort(key=lambda name: OPENAI_MODELS.index(name) if name in OPENAI_MODELS else 99)
    return able[:40]


def _openai_model(name: str) -> "ModelInfo | None":
    from genai_prices import data_snapshot

    try:
        _, model = data_snapshot.get_snapshot().find_provider_model(name, None, "openai", None)
    except LookupError:
        return None
    return model


def _price(given: object) -> Decimal | None:
    """Return a plain price; of one with tiers the first, of none None."""
    base = getattr(given, "base", given)
    return Decimal(str(base)) if isinstance(base, Decimal | int | float) else None
