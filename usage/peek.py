"""Whether a call could begin soon: asked at the door, before anything waits in a line for it."""

from collections.abc import Iterator, Sequence

from providers.errors import LimitReached
from providers.models import ModelSpec
from providers.routing import deployments_for
from providers.values import Prompt
from usage.fitting import fit
from usage.limits import standings
from usage.models import Payer
from usage.standing import Standing


def peek(payer: Payer, model: ModelSpec, patience: float) -> None:
    """Raise `LimitReached` where not even the shortest call could begin within `patience` seconds.

    Nothing is held or locked. Who passes may still be refused when the call begins, for its length
    or for what others took meanwhile.
    """
    refused = refusal(standings(payer, model.pk), model, patience)
    if refused is not None:
        raise refused


def refusal(found: Sequence[Standing], model: ModelSpec, patience: float) -> LimitReached | None:
    """Return what the limits say against the shortest call, to whichever deployment."""
    if not found:
        return None
    refused: LimitReached | None = None
    for spec in _who_may_answer(model):
        prompt = Prompt(turns=(), max_tokens=spec.max_output_tokens, may_be_shorter=True)
        try:
            fit(found, spec, prompt, input_tokens=0)
        except LimitReached as error:
            if error.waits and error.retry_after is not None and error.retry_after <= patience:
                return None
            refused = refused or error
        else:
            return None
    return refused


def _who_may_answer(model: ModelSpec) -> Iterator[ModelSpec]:
    """Yield the model, and what stands in for it only where that is asked for."""
    yield model
    yield from (each.spec for each in deployments_for(model) if each.spec.pk != model.pk)
