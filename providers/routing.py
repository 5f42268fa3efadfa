"""Who answers in a model's name."""

from dataclasses import dataclass
from datetime import datetime

from providers.models import Credential, ModelSpec, Route
from providers.order import in_turn


@dataclass(frozen=True)
class Deployment:
    """A model that may answer in another's name, or in its own."""

    spec: ModelSpec
    priority: int
    weight: int

    @property
    def rests_until(self) -> datetime | None:
        return self.spec.rests_until

    @property
    def place(self) -> tuple[float, ...]:
        return (self.priority,)

    @property
    def is_awake(self) -> bool:
        """Neither it rests nor all keys of its provider do."""
        keys = list(Credential.objects.usable(self.spec.provider).defer("secret"))
        all_rest = bool(keys) and all(key.is_resting for key in keys)
        return not self.spec.is_resting and not all_rest

    @property
    def has_another_key(self) -> bool:
        """A call that one key was refused for can be made with another one."""
        keys = Credential.objects.usable(self.spec.provider).defer("secret")
        return any(not key.is_resting for key in keys)


def deployments_for(model: ModelSpec) -> list[Deployment]:
    """Return who may answer for `model` now, itself among them, in the order to ask.

    Nobody where it was switched off.
    """
    if not model.is_enabled:
        return []
    routes = Route.objects.filter(model=model).select_related("to__provider").order_by()
    choices = [
        Deployment(route.to, route.priority, route.weight)
        for route in routes
        if route.to.is_answering
    ]
    if model.is_answering:
        choices.append(Deployment(model, 0, model.weight))
    return in_turn(choices)
