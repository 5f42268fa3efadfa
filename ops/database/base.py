"""The backend that `settings.DATABASES` names.

Django's health check sends an empty statement each time a connection leaves the pool. A round trip
for every few queries is dear; a server that went away has closed its end, and that can be seen.
"""

import select
from typing import Any

from django.db.backends.postgresql import base
from psycopg import Connection


def still_open(connection: "Connection[Any]") -> None:
    """Raise `psycopg.OperationalError` where the server has closed the connection.

    An idle connection has nothing to read but notices, a last word and the end.
    """
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    while poll.poll(0):
        connection.pgconn.consume_input()


class DatabaseWrapper(base.DatabaseWrapper):
    """With a pool whose check costs no round trip."""

    @property
    def pool(self) -> Any:
        pool = super().pool
        if pool is not None:
            pool._check = still_open  # Django names its own check, and takes no other
        return pool
