"""How models are called: one module for each kind of provider.

    backend = backend_for(spec)
    async for delta in backend.stream(prompt, request_id=str(attempt.id)):
        ...

`backend_for` queries for the credential and decrypts it: call it from a thread.
"""

from collections.abc import AsyncGenerator
from importlib import import_module
from typing import Protocol

from providers.models import ModelSpec, Provider
from providers.values import Delta, Prompt


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


def backend_for(spec: ModelSpec) -> Backend:
    """Return the backend that calls `spec`'s model with its provider's credential."""
    if spec.provider.kind not in Provider.Kind.values:
        raise ValueError(f"unknown kind of provider: {spec.provider.kind}")
    backend: Backend = import_module(f"providers.backends.{spec.provider.kind}").backend_for(spec)
    return backend


def preload() -> None:
    """Import what the first call would import: about a second, better spent at the start."""
    for kind in Provider.Kind.values:
        import_module(f"providers.backends.{kind}")


async def close_clients() -> None:
    """Close the running loop's clients, of every kind that was called from it."""
    from providers.backends import clients

    await clients.close_clients()
