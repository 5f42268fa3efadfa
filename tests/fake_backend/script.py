"""What one call is answered with: queued by a test, or told by the model's name."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any

_PART = re.compile(
    r"-(nofinish|nousage|noopts|badjson|stall|never|slow|cut|err|md|t|d|n|e)(\d*)(?=-|$)"
)


@dataclass(kw_only=True)
class Script:
    """One answer. Times are milliseconds; counts are pieces of text ("tokens")."""

    pieces: list[Any] = field(default_factory=list)  # texts, or [text, delay_ms] to wait before it
    first_ms: float = 0  # until the headers and the first piece
    delay_ms: float = 0  # between two pieces
    slow_headers_ms: float = 0  # until the headers, before `first_ms` begins
    finish: str | None = "stop"  # None: a clean end without a reason
    usage: bool | dict[str, Any] = True  # False: never counts; a dict: says just that
    refuse_options: bool = False  # 400 while the request has stream_options
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None  # the whole answer: JSON, or a text sent as it is
    lengths: list[int] = field(default_factory=list)  # pieces of each choice; none: all have all
    cut_after: int | None = None  # break the connection off after that many pieces
    cut_bytes: int | None = None  # ... after that many bytes of the body
    stall_after: int | None = None  # fall silent after that many pieces
    bad_json_after: int | None = None
    error_after: int | None = None
    error: Any = None  # the event sent then; a common one when None
    raw: list[str] | None = None  # the body just so, one write each, instead of all above
    split: int = 0  # write the body in parts of that many bytes
    framing: str = "chunked"  # "close": no framing, the end of the connection is the end
    never: bool = False  # never answer

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> "Script":
        unknown = set(given) - {each.name for each in fields(cls)}
        if unknown:
            raise ValueError(f"no such field: {sorted(unknown)}")
        return cls(**given)

    @classmethod
    def from_model(cls, model: str, cap: int | None) -> "Script":
        """Read a model's name, such as `fake-t200-d20-n300-md`; `cap` is its max_tokens."""
        parts = {name: int(count) if count else None for name, count in _PART.findall(model)}
        wanted = parts.get("n") or 20
        count = min(wanted, cap) if cap else wanted
        status = parts.get("e") or 200
        return cls(
            pieces=list(itertools.islice(document() if "md" in parts else words(), count)),
            first_ms=parts.get("t") or 0,
            delay_ms=parts.get("d") or 0,
            slow_headers_ms=parts.get("slow") or 0,
            finish=None if "nofinish" in parts else "length" if count < wanted else "stop",
            usage="nousage" not in parts,
            refuse_options="noopts" in parts,
            status=status,
            headers={"Retry-After": "1"} if status in {429, 503} else {},
            cut_after=parts.get("cut", 5 if "cut" in parts else None),
            stall_after=parts.get("stall", 5 if "stall" in parts else None),
            bad_json_after=3 if "badjson" in parts else None,
            error_after=parts.get("err", 3 if "err" in parts else None),
            never="never" in parts,
        )


def words() -> Iterator[str]:
    """Yield "w0 ", "w1 " … : every piece carries its number, so that a loss or a swap shows."""
    return (f"w{number} " for number in itertools.count())


def document() -> Iterator[str]:
    """Yield an endless Markdown document, one numbered mark in each piece."""
    numbers = itertools.count()

    def run(count: int, form: str = "w{} ") -> Iterator[str]:
        return (form.format(next(numbers)) for _ in range(count))

    for chapter in itertools.count(1):
        yield f"## Chapter {chapter} w{next(numbers)}\n\n"
        yield from run(12)
        yield from run(3, "**w{}** ")
        yield from run(2, "`w{}` and ")
        yield from run(1, "the [page w{}](https://example.test/page).\n\n")
        yield from run(5, "- point w{}\n")
        yield from run(1, "\n```python\ndef w{}(value):\n")
        yield from run(6, "    value += 1  # w{}\n")
        yield from run(1, "    return value  # w{}\n```\n\n")
        yield from run(1, "| name w{} | count |\n|:--|--:|\n")
        yield from run(4, "| row w{} | 7 |\n")
        yield from run(1, "\n> said w{}\n\n1. one\n2. two\n\n")
