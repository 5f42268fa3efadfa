"""Acts that lock what others lock in another order, or delete what others add to."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import psycopg
from django.db import IntegrityError, OperationalError, transaction

P = ParamSpec("P")
R = TypeVar("R")
_TRIES = 5
_MEANWHILE = (psycopg.errors.DeadlockDetected, psycopg.errors.ForeignKeyViolation)


def again_after_deadlock(act: Callable[P, R]) -> Callable[P, R]:
    """Make `act` one transaction that is begun again where Postgres ended it for a ring of waiters,
    or for a row that came meanwhile and belongs to one that it deletes.

    For acts that reach through so many rooms that no order fits. Within a transaction only what
    `act` did is taken back, with its locks.
    """

    @wraps(act)
    def again(*args: P.args, **kwargs: P.kwargs) -> R:
        for left in reversed(range(_TRIES)):
            try:
                with transaction.atomic():
                    return act(*args, **kwargs)
            except (OperationalError, IntegrityError) as error:
                if not isinstance(error.__cause__, _MEANWHILE) or not left:
                    raise
        raise AssertionError("the last try returns or raises")

    return again
