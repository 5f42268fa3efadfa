"""How many tokens a text is, for holds and for fitting messages into a context: offline and fast.

For models whose vocabulary ships with quicktok (OpenAI's, Llama 3, Qwen) the count is exact. It is
loaded at the first such count: half a second and about 60 MiB, once in a process.

For others `count` gives a bound that ordinary text stays below: three letters a token (English has
four to five, German three and a half), every digit, mark and line end one and a quarter (the space
beside it is sometimes a token too), and two bytes a token outside ASCII (a Chinese character one
and a half; current vocabularies need less than one). A model with few languages has few tokens for
others: there every byte outside ASCII is one.
"""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from providers.models import ModelSpec
from providers.values import Prompt, Wire

if TYPE_CHECKING:
    from quicktok import Tokenizer

_VOCABULARIES = tuple(
    (re.compile(pattern), vocabulary)
    for pattern, vocabulary in (
        (r"gpt-oss", "o200k_harmony"),
        (r"(chatgpt-4o|gpt-4o|gpt-4\.\d|gpt-[5-9]|o\d\b)", "o200k_base"),
        (r"(gpt-4|gpt-3\.5)(-|$)", "cl100k_base"),
        (r"(meta-)?llama-?3", "llama3"),
        (r"qwen-?(2\.5|3)", "qwen3"),
    )
)
FRAMING = 8  # tokens that a chat template may spend around one turn
_WORDS = bytes(range(ord("a"), ord("z") + 1)) + bytes(range(ord("A"), ord("Z") + 1)) + b" "
_ASCII = bytes(range(128))


def count(text: str, spec: ModelSpec) -> int:
    """Return how many tokens `text` is for `spec`'s model: the number itself, or an upper bound.

    Costs a few milliseconds for a million characters. A chat template's framing is not in it.
    """
    if not text:
        return 0
    data = text.encode("utf-8", "replace")
    vocabulary = _vocabulary(spec.name)
    if vocabulary:
        return _tokenizer(vocabulary).count(data.decode())
    return bound(data, foreign_bytes=1 if spec.languages else 2)


def input_bound(ask: Prompt | Wire, spec: ModelSpec) -> int:
    """Return how many tokens a whole request is at most for `spec`'s model, framing included."""
    if isinstance(ask, Prompt):
        return sum(count(turn.text, spec) + FRAMING for turn in ask.turns) + FRAMING
    if ask.has_media:
        return spec.context_window
    return sum(count(text, spec) + FRAMING for text in ask.texts) + ask.tokens + FRAMING


def bound(data: bytes, *, foreign_bytes: int) -> int:
    """Return the bound for UTF-8 `data` with `foreign_bytes` bytes a token outside ASCII."""
    marked = data.translate(None, delete=_WORDS)
    foreign = len(marked.translate(None, delete=_ASCII))
    words = len(data) - len(marked)
    marks = len(marked) - foreign
    return -(-words // 3) + marks + marks // 4 + -(-foreign // foreign_bytes)


@lru_cache(maxsize=1024)
def _vocabulary(name: str) -> str | None:
    """Return the vocabulary of the model called `name`, also behind a gateway's prefix."""
    last = name.lower().rpartition("/")[2]
    return next((each for pattern, each in _VOCABULARIES if pattern.match(last)), None)


@lru_cache(maxsize=4)
def _tokenizer(vocabulary: str) -> "Tokenizer":
    import quicktok

    return quicktok.get_encoding(vocabulary)
