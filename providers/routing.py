"""Who answers in a model's name."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from providers.errors import ContextTooLong, ProviderError
from providers.models import Ability, Credential, ModelSpec, Route
from providers.models.resting import is_ahead
from providers.order import in_turn


@dataclass(frozen=True)
class Deployment:
    """A model that may answer in another's name, or in its own; `keys` are its provider's."""

    spec: ModelSpec
    priority: int
    weight: int
    keys: list[Credential] = field(default_factory=list)

    @property
    def place(self) -> tuple[float, ...]:
        return (self.priority,)

    @property
    def rests_until(self) -> datetime | None:
        """It wakes when itself does, and the first of its keys where all rest."""
        own, keys = self.spec.rests_until, [key.rests_until for key in self.keys]
        if not keys or not all(is_ahead(key) for key in keys):
            return own
        return max([min(filter(None, keys)), *filter(None, [own])])

    @property
    def is_awake(self) -> bool:
        return not is_ahead(self.rests_until)

    def has_another_key(self, tried: Collection[UUID]) -> bool:
        """Say whether a call that `tried` keys were refused for can be made with another one."""
        return any(not key.is_resting and key.pk not in tried for key in self.keys)


def deployments_for(
    model: ModelSpec, ability: Ability | None = None, *, after_failure: bool = False
) -> list[Deployment]:
    """Return who may answer for `model` now, itself among them, in the order to ask.

    Others do where they have the `ability` that is asked for: without one, what the model itself
    writes by. Nobody where it was switched off. Keys are looked at only where there is a choice to
    make.
    """
    if not model.is_enabled:
        return []
    ability = ability or model.writes_by
    routes = Route.objects.filter(model=model).select_related("to__provider").order_by()
    choices = [
        (each.to, each.priority, each.weight)
        for each in routes
        if each.to.is_answering and ability in each.to.abilities
    ]
    if model.is_answering:
        choices.append((model, 0, model.weight))
    keys = defaultdict(list)
    if choices and (after_failure or len(choices) > 1):
        for key in Credential.objects.usable(*{spec.provider for spec, *_ in choices}):
            keys[key.provider_id].append(key)
    return in_turn(Deployment(*choice, keys[choice[0].provider_id]) for choice in choices)


def next_after(
    error: ProviderError,
    model: ModelSpec,
    failed: ModelSpec | None,
    left: Collection[UUID],
    ability: Ability | None = None,
) -> Iterator[ModelSpec]:
    """Yield who may answer for `model` after `error` of `failed`, in the order to ask.

    That is itself where another of its keys may do. `left` are the keys and deployments that
    failed before. Nobody where any other would fail as well.
    """
    if not error.elsewhere:
        return
    for deployment in deployments_for(model, ability, after_failure=True):
        spec = deployment.spec
        if failed is not None and spec.pk == failed.pk:
            if error.is_of_key and deployment.has_another_key(left):
                yield spec
        elif deployment.is_awake and spec.pk not in left and not _is_too_small(error, spec, failed):
            yield spec


def _is_too_small(error: ProviderError, spec: ModelSpec, failed: ModelSpec | None) -> bool:
    """Say whether what was too long for one deployment is so for another."""
    if failed is None or not isinstance(error, ContextTooLong):
        return False
    return _room(spec) <= _room(failed)


def _room(spec: ModelSpec) -> int:
    """Return how many tokens of a prompt fit beside the longest answer."""
    return spec.context_window - spec.max_output_tokens
