"""Doors: how the rooms above reach the engine, and how it reaches them.

A room registers one `Door` in its `AppConfig.ready()`; `runs` never imports upward.
"""

from typing import Protocol

from providers.models import ModelSpec
from providers.values import Prompt
from runs.models import Run


class Door(Protocol):
    """Where a Run's prompt comes from, and where its text stays.

    Who may read it is said by the socket of its topic: `runs.consumers.RunConsumer.may_read`.
    """

    def build(self, run: Run, model: ModelSpec) -> Prompt:
        """Return the prompt for `model`, the deployment that is asked.

        Raises `providers.errors.ProviderError` where none can be built.
        """

    def finish(self, run: Run) -> None:
        """Put `run.text` where it stays. Called inside the transaction that ends the Run."""

    def finished(self, run: Run) -> None:
        """Called once after that transaction was committed."""


_doors: dict[str, Door] = {}


def register(name: str, door: Door) -> None:
    _doors[name] = door


def door_of(run: Run) -> Door:
    """Return the Run's door. Raises `KeyError` for a room that is not installed."""
    return _doors[run.door]
