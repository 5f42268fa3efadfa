"""Connections wait in a pool; one that the server closed meanwhile is not handed out."""

import psycopg
import pytest
from django.db import connection

from ops.database.base import still_open


def answer() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def end(pid: int) -> None:
    with psycopg.connect(**plain_parameters(), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


def plain_parameters() -> dict[str, str]:
    known = connection.get_connection_params()
    return {name: known[name] for name in ("dbname", "user", "password", "host") if name in known}


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_was_closed_in_the_pool_is_replaced():
    used = []
    for _ in range(40):  # more than the pool holds
        used.append(answer())
        connection.close()
    assert len(set(used)) < len(used)  # they wait in the pool
    for pid in set(used):
        end(pid)
    assert answer() not in used


@pytest.mark.django_db(transaction=True)
def test_looking_at_a_connection_tells_its_end():
    with psycopg.connect(**plain_parameters()) as looked_at:
        still_open(looked_at)
        end(looked_at.info.backend_pid)
        with pytest.raises(psycopg.OperationalError):
            still_open(looked_at)
