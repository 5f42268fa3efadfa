"""How models are called: one module for each kind of provider.

    backend = backend_for(spec, credential)
    async for delta in backend.stream(prompt, request_id=str(attempt.id)):
        ...

Which of the provider's keys is used is decided before (`usage.metered`).
"""

import sys
from collections.abc import AsyncGenerator
from importlib import import_module
from typing import Protocol

from providers.models import Credential, ModelSpec, Provider
from providers.values import Delta, Part, Prompt, Wire


class Backend(Protocol):
    """Calls one model. Makes one attempt at a time; retrying is the engine's decision.

    Both calls raise `providers.errors.ProviderError`. `request_id` goes upstream with the call
    (as `X-Client-Request-Id`), so that both sides' logs can be matched.
    """

    def stream(self, prompt: Prompt, *, request_id: str) -> AsyncGenerator[Delta, None]:
        """Yield one delta for each network read.

        Ends normally only after a delta with a `finish_reason`. Closing the generator
        (`aclose`, or cancelling the task that waits on it) closes the upstream connection at once.
        """
        ...

    async def complete(self, prompt: Prompt, *, request_id: str) -> Delta:
        """Return the whole answer at once."""
        ...

    def relay(self, wire: Wire, *, request_id: str) -> AsyncGenerator[Part, None]:
        """Yield the answer to a program's request as it comes: the first part with text in it.

        Ends, and is closed, as `stream`; an answer that does not stream is one part.
        """
        ...


def backend_for(spec: ModelSpec, credential: Credential | None) -> Backend:
    """Return the backend that calls `spec`'s model with one of its provider's keys, or with none.

    Raises `providers.errors.AuthenticationFailed` where the key cannot be decrypted.
    """
    if spec.provider.kind not in Provider.Kind.values:
        raise ValueError(f"unknown kind of provider: {spec.provider.kind}")
    module = import_module(f"providers.backends.{spec.provider.kind}")
    backend: Backend = module.backend_for(spec, credential)
    return backend


def preload() -> None:
    """Import what the first call would import: about a second, better spent at the start."""
    for kind in Provider.Kind.values:
        import_module(f"providers.backends.{kind}")


async def close_clients() -> None:
    """Close the running loop's clients, of every kind that was called from it."""
    clients = sys.modules.get("providers.backends.clients")
    if clients is not None:  # a process that never called a model need not load them to end
        await clients.close_clients()
