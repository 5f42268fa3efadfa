"""In which order to try what could be used: keys of a provider, deployments of a model."""

import random
from collections.abc import Iterable
from datetime import datetime
from typing import Protocol, TypeVar

from django.utils import timezone


class Choice(Protocol):
    """Something that may rest, with its place among its like."""

    @property
    def rests_until(self) -> datetime | None: ...
    @property
    def priority(self) -> int: ...
    @property
    def weight(self) -> int: ...


C = TypeVar("C", bound=Choice)


def in_order(choices: Iterable[C]) -> list[C]:
    """Return the choices in the order to try them.

    Those awake come before those that rest, a lower priority before a higher one; among equals each
    comes first as often as its weight says (Efraimidis and Spirakis, 2006). Of those that rest the
    one that wakes first is the best: a rest puts back, it never forbids.
    """
    now = timezone.now()

    def place(choice: C) -> tuple[datetime, int, float]:
        drawn = random.random() ** (1 / choice.weight)  # noqa: S311
        return max(choice.rests_until or now, now), choice.priority, -drawn

    return sorted(choices, key=place)
