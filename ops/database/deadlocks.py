"""Acts that lock what others lock in another order."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import psycopg
from django.db import OperationalError, transaction

P = ParamSpec("P")
R = TypeVar("R")
_TRIES = 5


def again_after_deadlock(act: Callable[P, R]) -> Callable[P, R]:
    """Make `act` one transaction that is begun again where Postgres ended it for a ring of waiters.

    For acts that reach through so many rooms that no order fits. Within a transaction only what
    `act` did is taken back, with its locks.
    """

    @wraps(act)
    def again(*args: P.args, **kwargs: P.kwargs) -> R:
        for left in reversed(range(_TRIES)):
            try:
                with transaction.atomic():
                    return act(*args, **kwargs)
            except OperationalError as error:
                if not isinstance(error.__cause__, psycopg.errors.DeadlockDetected) or not left:
                    raise
        raise AssertionError("the last try returns or raises")

    return again
