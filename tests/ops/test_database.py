"""Connections wait in a pool; one that the server closed meanwhile is not handed out."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

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


def answer_of_another() -> int:
    try:
        return answer()
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_connections_that_were_closed_in_the_pool_are_replaced_at_once():
    together = threading.Barrier(5)

    def hold() -> int:
        pid = answer()
        together.wait(10)
        connection.close()
        return pid

    with ThreadPoolExecutor(5) as threads:
        used = {future.result() for future in [threads.submit(hold) for _ in range(5)]}
        assert len(used) == 5  # they wait in the pool
        for pid in used:
            end(pid)
        begun = time.monotonic()
        after = {future.result() for future in [threads.submit(answer_of_another) for _ in used]}
    assert not after & used
    assert time.monotonic() - begun < 5  # to pause after each of them would take 15 s and more


@pytest.mark.django_db(transaction=True)
def test_looking_at_a_connection_tells_its_end():
    with psycopg.connect(**plain_parameters()) as looked_at:
        assert still_open(looked_at)
        end(looked_at.info.backend_pid)
        assert not still_open(looked_at)
