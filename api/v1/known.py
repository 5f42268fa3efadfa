"""What a process has just looked up: who calls with a key, and which model a name means.

A program that asks ten times a second is looked up once a second. That takes no right longer to
end: with each call's hold the version of the rights is asked for, and where it changed, all is
looked up anew. What an administrator changes of a model counts a second later.
"""

import hashlib
import time
from collections.abc import Callable
from typing import Any, TypeVar

from accounts.models import Endpoint
from api.v1.asked import Asked, endpoints_for
from api.v1.callers import Caller, caller_of
from api.v1.refusals import invalid, not_for_this
from providers.models import ModelSpec
from providers.routing import Deployment, deployments_for
from runs.threads import in_thread

T = TypeVar("T")
SECONDS = 1.0
_MOST = 10_000
_known: dict[Any, tuple[float, Any]] = {}


async def caller(secret: str, address: str | None, endpoint: Endpoint) -> Caller:
    """Return who calls. Raises `Refused`."""
    name = (hashlib.sha256(secret.encode()).digest(), address, endpoint)
    return await _recent(name, lambda: caller_of(secret, address, endpoint))


async def model(caller: Caller, asked: Asked) -> tuple[ModelSpec, list[Deployment]]:
    """Return the model that the caller means, and who may answer for it. Raises `Refused`."""

    def look() -> tuple[ModelSpec, list[Deployment]]:
        found = _meant(caller, asked)
        return found, deployments_for(found, asked.ability)

    return await _recent((caller.key.pk, caller.rights, asked.model, asked.endpoint), look)


def _meant(caller: Caller, asked: Asked) -> ModelSpec:
    """Return the model that was named, or the first that is able where none need be."""
    if asked.model is None:
        able = [each for each in caller.models() if asked.ability in each.abilities]
        if not able:
            raise invalid("you must provide a model parameter", "model")
        return able[0]
    model = caller.model(asked.model)
    if asked.ability not in model.abilities:
        raise not_for_this(asked.model, asked.endpoint, endpoints_for(model))
    return model


def forget() -> None:
    """Look everything up anew: rights have changed, or a deployment failed."""
    _known.clear()


async def _recent(name: Any, look: Callable[[], T]) -> T:
    now = time.monotonic()
    until, found = _known.get(name, (0.0, None))
    if now < until:
        return found
    found = await in_thread(look)
    if len(_known) >= _MOST:
        forget()
    _known[name] = now + SECONDS, found
    return found
