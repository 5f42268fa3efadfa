"""In which order to try what could be used: keys of a provider, deployments of a model."""

import random
from collections.abc import Iterable
from datetime import datetime
from typing import Protocol, TypeVar

from django.utils import timezone


class Choice(Protocol):
    """Something that may rest, with its place among its like (a lower one goes first)."""

    @property
    def rests_until(self) -> datetime | None: ...
    @property
    def place(self) -> tuple[float, ...]: ...
    @property
    def weight(self) -> int: ...


C = TypeVar("C", bound=Choice)


def in_turn(choices: Iterable[C]) -> list[C]:
    """Return the choices in the order to try them.

    Those awake come before those that rest, then by their places; among equals each comes first as
    often as its weight says: of even random u, u^(1/w) is the largest with a probability of w in
    the sum of weights (Efraimidis and Spirakis, 2006, doi:10.1016/j.ipl.2005.11.003). Of those
    that rest the one that wakes first is the best: a rest puts back, it never forbids.
    """
    now = timezone.now()

    def turn(choice: C) -> tuple[datetime, tuple[float, ...], float]:
        drawn = random.random() ** (1 / choice.weight)  # noqa: S311
        return max(choice.rests_until or now, now), choice.place, -drawn

    return sorted(choices, key=turn)
