"""`/v1/completions`: prompts, each answered by its own choices."""

from typing import Any

from api.v1.asked.extent import Extent
from api.v1.asked.fields import MOST_CHOICES, cap_of, whole_number, wrong_type
from api.v1.asked.texts import texts_in

_USUAL_CAP = 16  # tokens, as OpenAI has it


def extent_of(body: dict[str, Any]) -> Extent:
    prompts = texts_in(body, "prompt")
    suffix = body.get("suffix")
    if suffix is not None and not isinstance(suffix, str):
        raise wrong_type("suffix", "a string")
    cap = cap_of(body, least=0)  # none at all, where only the prompt's own logprobs are wanted
    # Of `best_of` only the best `n` come back; all are paid.
    numbers = [whole_number(body, name, MOST_CHOICES) or 1 for name in ("n", "best_of")]
    return Extent(
        texts=(*prompts.texts, *([suffix] * prompts.count if suffix else [])),
        tokens=prompts.tokens,
        has_media=bool(body.get("prompt_embeds")),  # vLLM's
        writes=True,
        cap=_USUAL_CAP if cap is None else cap,
        choices=prompts.count * max(numbers),
    )
