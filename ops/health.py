"""What `/readyz` asks: does each part that an answer needs work now?"""

import time
from collections.abc import Callable
from functools import cache
from typing import Any

import psycopg
import redis
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.executor import MigrationExecutor

# Live workers write their name here with the time (see `ops/worker_watch.py`).
WORKERS_KEY = "causerie:workers"
WORKER_SILENT_SECONDS = 20.0

# Of Django's parameters those that name the database.
PLAIN = {"dbname", "user", "password", "host", "port", "sslmode", "sslrootcert", "service"}

_migrated = False


@cache
def redis_client() -> redis.Redis:
    """Return a client that gives up after two seconds."""
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2, max_connections=4
    )


def database() -> None:
    """Raise `OperationalError` unless the database answers within some seconds.

    Past the pool: a pool that is used up is busy, not broken, and it would wait longer.
    """
    psycopg.connect(**address(), connect_timeout=3).close()


def address() -> dict[str, Any]:
    """Return the database's parameters for a connection past the pool."""
    parameters = connections[DEFAULT_DB_ALIAS].get_connection_params()
    return {key: parameters[key] for key in PLAIN & parameters.keys()}


def redis_answers() -> None:
    """Raise unless Redis answers."""
    redis_client().ping()


def worker() -> None:
    """Raise unless a worker was heard of lately."""
    since = time.time() - WORKER_SILENT_SECONDS
    if not redis_client().zcount(WORKERS_KEY, since, "+inf"):
        raise LookupError("no worker was heard of lately")


def migrations() -> None:
    """Raise while a migration of this version is not applied; once all are, that is remembered."""
    global _migrated
    if _migrated:
        return
    executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
    if waiting := executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise LookupError(f"{len(waiting)} migrations wait")
    _migrated = True


CHECKS: dict[str, Callable[[], None]] = {
    "database": database,
    "redis": redis_answers,
    "worker": worker,
    "migrations": migrations,
}


def report() -> dict[str, bool]:
    """Return for each part whether it works. Reasons go to the log, not to strangers."""
    return {name: _works(check) for name, check in CHECKS.items()}


def _works(check: Callable[[], None]) -> bool:
    try:
        check()
    except Exception:
        return False
    return True
