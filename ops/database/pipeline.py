"""Statements that go to the database together: one round trip for several.

https://www.psycopg.org/psycopg3/docs/advanced/pipeline.html
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction


@contextmanager
def pipelined() -> Iterator[None]:
    """Wait for no statement's answer before the next one goes out, but where it is read.

    What fails is raised where an answer is waited for, at the end at the latest.
    """
    connection.ensure_connection()
    if connection.connection.pgconn.pipeline_status:  # within another one, which waits for all
        yield
        return
    with connection.wrap_database_errors, connection.connection.pipeline():
        yield


@contextmanager
def one_transaction() -> Iterator[None]:
    """Run a whole transaction as a pipeline: its last statements and the commit go out together.

    The pipeline ends before Django's transaction does. Within one that an error has broken a
    rollback fails as well, and the connection would go back to the pool as it is; and what was to
    wait for the commit would fail unseen, to be raised where the transaction seems to have failed.
    """
    with transaction.atomic(durable=True), pipelined():
        yield
        connection.connection.commit()  # Django's own finds nothing left to do


class Sent:
    """A statement that is under way."""

    def __init__(self, statement: str, values: Any) -> None:
        self._cursor = connection.cursor()
        self._cursor.execute(statement, values)

    def rows(self) -> list[tuple[Any, ...]]:
        """Wait for the answer and return it."""
        with self._cursor:
            return self._cursor.fetchall()


def send_each(statement: str, rows: Sequence[Sequence[Any]]) -> None:
    """Execute a statement once for each row. Within `pipelined`, one row is not waited for."""
    if len(rows) == 1:
        connection.cursor().execute(statement, rows[0])
    elif rows:
        with connection.cursor() as cursor:
            cursor.executemany(statement, rows)
