"""`/v1/completions`: prompts, each answered by its own choices."""

from typing import Any

from api.v1.asked.extent import Extent
from api.v1.asked.fields import MOST_CHOICES, cap_of, whole_number, wrong_type
from api.v1.asked.texts import texts_in
from api.v1.refusals import invalid

_USUAL_CAP = 16  # tokens, as OpenAI has it


def extent_of(body: dict[str, Any]) -> Extent:
    prompts = texts_in(body, "prompt")
    suffix = body.get("suffix")
    if suffix is not None and not isinstance(suffix, str):
        raise wrong_type("suffix", "a string")
    cap = cap_of(body, least=0)  # none at all, where only the prompt's own logprobs are wanted
    return Extent(
        texts=(*prompts.texts, *([suffix] * prompts.count if suffix else [])),
        tokens=prompts.tokens,
        has_media=bool(body.get("prompt_embeds")),  # vLLM's
        writes=True,
        cap=_USUAL_CAP if cap is None else cap,
        choices=prompts.count * _written(body),
    )


def _written(body: dict[str, Any]) -> int:
    """Return how many choices are written for each prompt: all are paid, the best `n` come back."""
    returned = whole_number(body, "n", MOST_CHOICES) or 1
    best_of = whole_number(body, "best_of", MOST_CHOICES) or returned
    if best_of < returned:
        raise invalid("'best_of' must be at least 'n'.", "best_of")
    if best_of > returned and body.get("stream"):
        raise invalid("Only where 'best_of' is 'n' can choices be streamed.", "best_of")
    return best_of
