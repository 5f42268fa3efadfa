"""What each path of the fake answers, and how many tokens it reads."""

import base64
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.fake_backend.wire import Chunks, TextChunks

LONGEST_VECTOR = 4096  # whatever is asked for: a billion would be all of a machine's memory
# One white pixel.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mP8/x8AAwMCAO+ip1sAAAAASUVORK5CYII="
)


class Reply(Chunks):
    """An answer that has no choices and does not stream; `usage_of` says what it tells it read."""

    def __init__(
        self, made: dict[str, Any], usage_of: Callable[[int], dict[str, Any]] | None = None
    ) -> None:
        super().__init__("", "", 0)
        self._made, self._usage_of = made, usage_of

    def completion(
        self, texts: list[str], reason: str | None, usage: dict[str, Any] | None
    ) -> dict[str, Any]:
        if usage is None or self._usage_of is None:
            return self._made
        return {**self._made, "usage": self._usage_of(usage["prompt_tokens"])}


@dataclass(frozen=True)
class Kind:
    prefix: str
    chunks: Callable[[str, dict[str, Any]], Chunks]
    size: Callable[[dict[str, Any]], int]


def inputs(given: Any) -> list[Any]:
    """Return the single texts, lists of ids, or parts in what may be one or many."""
    is_many = isinstance(given, list) and not isinstance(given[0], int)
    return given if is_many else [given]


def _size(texts: list[Any]) -> int:
    counts = [len(each) if isinstance(each, list) else len(str(each)) // 4 for each in texts]
    return max(1, sum(counts))


def _said(given: dict[str, Any]) -> str:
    return "".join(str(each.get("content")) for each in given["messages"])


def _chat(call_id: str, given: dict[str, Any]) -> Chunks:
    return Chunks(call_id, given["model"], given.get("n") or 1)


def _completion(call_id: str, given: dict[str, Any]) -> Chunks:
    choices = len(inputs(given["prompt"])) * (given.get("n") or 1)
    return TextChunks(call_id, given["model"], choices)


def _embeddings(call_id: str, given: dict[str, Any]) -> Chunks:
    rows = []
    for index, _ in enumerate(inputs(given["input"])):
        vector: Any = [(index + 1) / 8] * min(given.get("dimensions") or 8, LONGEST_VECTOR)
        if given.get("encoding_format") == "base64":
            vector = base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
        rows.append({"object": "embedding", "index": index, "embedding": vector})
    made = {"object": "list", "data": rows, "model": given["model"]}
    return Reply(made, lambda read: {"prompt_tokens": read, "total_tokens": read})


def _images(call_id: str, given: dict[str, Any]) -> Chunks:
    shown: dict[str, Any] = {"url": f"https://pictures.example.test/{call_id}.png"}
    counts = "gpt-image" in given["model"]
    if counts or given.get("response_format") == "b64_json":
        shown = {"b64_json": base64.b64encode(PNG).decode()}
    drawn = given.get("n") or 1
    made = {"created": 1_790_000_000, "data": [shown] * drawn}

    def usage(read: int) -> dict[str, Any]:
        return {
            "input_tokens": read,
            "output_tokens": 100 * drawn,
            "total_tokens": read + 100 * drawn,
            "input_tokens_details": {"text_tokens": read, "image_tokens": 0},
        }

    return Reply(made, usage if counts else None)


def _moderations(call_id: str, given: dict[str, Any]) -> Chunks:
    found = inputs(given["input"])
    judged = found if isinstance(found[0], str) else [found]  # parts are judged together
    kinds = ("hate", "violence")
    results = [
        {
            "flagged": "kill" in str(each),
            "categories": {kind: kind == "violence" and "kill" in str(each) for kind in kinds},
            "category_scores": dict.fromkeys(kinds, 0.01),
            "category_applied_input_types": {kind: ["text"] for kind in kinds},
        }
        for each in judged
    ]
    return Reply({"id": call_id, "model": given["model"], "results": results})


KINDS = {
    "/v1/chat/completions": Kind("chatcmpl", _chat, lambda given: _size([_said(given)])),
    "/v1/completions": Kind("cmpl", _completion, lambda given: _size(inputs(given["prompt"]))),
    "/v1/embeddings": Kind("embd", _embeddings, lambda given: _size(inputs(given["input"]))),
    "/v1/images/generations": Kind("img", _images, lambda given: _size([given["prompt"]])),
    "/v1/moderations": Kind("modr", _moderations, lambda given: _size(inputs(given["input"]))),
}
