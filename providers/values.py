"""What goes to a model and what comes back, kept apart from how either is stored."""

from dataclasses import dataclass, replace
from typing import Any, Literal

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

    Where a limit or budget leaves less, `may_be_shorter` lets the cap be lowered for it. What is
    `None` is left to the provider. `completes`: the text of the only turn is gone on with. `schema`
    is a JSON schema that the answer is to keep to.
    """

    turns: tuple[Turn, ...]
    max_tokens: int
    temperature: float | None = None
    stop: tuple[str, ...] = ()
    may_be_shorter: bool = False
    top_p: float | None = None
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    schema: dict[str, Any] | None = None
    completes: bool = False

    @property
    def is_bounded(self) -> bool:
        """The cost is counted in tokens."""
        return True

    @property
    def most_output(self) -> int:
        """Tokens of output that are paid for at most."""
        return self.max_tokens

    def capped(self, output_tokens: int) -> "Prompt":
        """Return it with a cap that lets so many tokens of output come at most."""
        return replace(self, max_tokens=output_tokens)


@dataclass(frozen=True, slots=True)
class Wire:
    """A request as a program made it: the path below the provider's address, and the JSON object.

    The model and the cap on each choice's output are ours to fill in: `max_tokens` is `None` where
    there is no output to cap. `texts` is all that is read as text, `tokens` what was given as ids
    of them; where there is more than text (`has_media`), a model reads what its context holds at
    most. What is not counted in tokens (`is_bounded`) has a cost that nobody knows before.
    `wants_usage`: the program asked that a stream ends with its usage.
    """

    path: str
    body: dict[str, Any]
    texts: tuple[str, ...]
    max_tokens: int | None
    tokens: int = 0
    has_media: bool = False
    choices: int = 1
    is_bounded: bool = True
    is_stream: bool = False
    wants_usage: bool = False
    may_be_shorter: bool = False

    @property
    def most_output(self) -> int:
        return (self.max_tokens or 0) * self.choices

    def capped(self, output_tokens: int) -> "Wire":
        if self.max_tokens is None:
            return self
        return replace(self, max_tokens=output_tokens // self.choices)


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


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes to pass on, and what they told.

    `is_text` says that the answer began; `outcome` and `usage` come near the end, if ever.
    """

    data: bytes
    is_text: bool = False
    outcome: str = ""
    usage: Usage | None = None
