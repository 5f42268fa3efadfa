"""The backend that `settings.DATABASES` names.

Django's health check sends an empty statement each time a connection leaves the pool. A round trip
for every few queries is dear; a server that went away has closed its end, and that can be seen. The
pool's own check pauses for seconds after each dead connection, and after a restart of the server
all that it holds are dead: here they are simply given back, for the pool to replace.
"""

import select
from typing import Any

import psycopg
from django.db.backends.postgresql import base


def still_open(connection: "psycopg.Connection[Any]") -> bool:
    """Say whether the server has kept its end of an idle connection open.

    There is nothing to read from it but notices, a last word and the end.
    """
    poll = select.poll()
    try:
        poll.register(connection.fileno(), select.POLLIN)
        while poll.poll(0):
            connection.pgconn.consume_input()
    except psycopg.OperationalError:
        return False
    return True


class DatabaseWrapper(base.DatabaseWrapper):
    """With a pool that hands out no dead connection, at no cost of a round trip."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        while True:
            connection = super().get_new_connection(conn_params)
            if not self.pool or still_open(connection):
                return connection
            self.pool.putconn(connection)
