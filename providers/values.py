"""What goes to a model and what comes back, kept apart from how either is stored."""

from dataclasses import dataclass
from typing import Literal

Role = Literal["system", "user", "assistant"]
# Why an answer ended: whole, at the cap of output tokens, or held back by the provider's filter.
FinishReason = Literal["stop", "length", "content_filter"]


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a prompt."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """A whole request: the turns, oldest first, and the cap on output sent upstream with them.

    Where a limit or budget leaves less, `may_be_shorter` lets the cap be lowered for it.
    """

    turns: tuple[Turn, ...]
    max_tokens: int
    temperature: float | None = None
    stop: tuple[str, ...] = ()
    may_be_shorter: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider counted them.

    `cached_tokens` are part of `input_tokens`, `reasoning_tokens` are part of `output_tokens`.
    """

    input_tokens: int
    output_tokens: int
    cached_tokens: int = 0
    reasoning_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Delta:
    """What one read from the network brought: new text, and near the end the reason and usage.

    A stream's last delta or the one before it carries `finish_reason`; `usage` may come with it,
    after it, or (when a server does not count) never.
    """

    text: str = ""
    finish_reason: FinishReason | None = None
    usage: Usage | None = None
