"""`/v1/images/generations`: a prompt, and pictures whose price no count of tokens bounds."""

from typing import Any

from api.v1.asked.extent import Extent
from api.v1.asked.fields import missing, whole_number, wrong_type
from api.v1.asked.parts import refuse_addresses
from api.v1.refusals import invalid

_MOST_PICTURES = 10


def extent_of(body: dict[str, Any]) -> Extent:
    prompt = body.get("prompt")
    if prompt is None:
        raise missing("prompt")
    if not isinstance(prompt, str):
        raise wrong_type("prompt", "a string")
    if not prompt:
        raise invalid("Invalid 'prompt': expected a text.", "prompt", "empty_string")
    whole_number(body, "n", _MOST_PICTURES)
    for name in body.keys() - {"prompt", "model", "user"}:
        refuse_addresses(body[name], name)  # some servers draw after pictures that they fetch
    return Extent(texts=(prompt,), is_bounded=False)
