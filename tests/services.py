"""Real Postgres and Valkey for the tests, started before Django reads its settings.

One Postgres serves the whole run: each worker of pytest-xdist makes a database in it. Every
process has a Valkey of its own, so that one test's FLUSHALL is no other's. Both are the embedded
servers of the product itself (`ops/`), in a folder that goes away with the run.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from ops.embedded import database_url
from ops.part import Part, stop
from ops.postgres import EmbeddedPostgres
from ops.valkey import EmbeddedValkey

_running: list[tuple[Part, subprocess.Popen[bytes]]] = []
_made: list[Path] = []


def _start(part: Part) -> None:
    process = part.start()
    _running.append((part, process))
    part.wait_ready(process)


def _start_services() -> None:
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is None or "CAUSERIE_DATA_DIR" not in os.environ:
        _made.append(Path(tempfile.mkdtemp(prefix="causerie-test-")))
        os.environ["CAUSERIE_DATA_DIR"] = str(_made[0])
        os.environ["EMBEDDED_MODEL"] = "off"
    data = Path(os.environ["CAUSERIE_DATA_DIR"])
    if "DATABASE_URL" not in os.environ:
        postgres = EmbeddedPostgres(data, durable=False)
        _start(postgres.part())
        postgres.make_database()
        os.environ["DATABASE_URL"] = database_url(data)
    if worker or "REDIS_URL" not in os.environ:
        valkey = EmbeddedValkey(data, name=f"valkey-{worker or 'main'}")
        _start(valkey.part())
        os.environ["REDIS_URL"] = f"unix://{valkey.socket}"


_start_services()


def pytest_unconfigure(config: pytest.Config) -> None:
    while _running:
        stop(*_running.pop())
    while _made:
        shutil.rmtree(_made.pop(), ignore_errors=True)
