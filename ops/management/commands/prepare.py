"""Bring database and pages up to this version: migrate, collect static files, seed."""

import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from ops import health
from ops.errors import CannotStart
from ops.places import BASE_DIR

PREPARING = 0x70726570617265  # an advisory lock
# A database elsewhere may start later than this.
DATABASE_SECONDS = float(os.environ.get("DATABASE_SECONDS") or 30)


class Command(BaseCommand):
    help = "Migrate the database, collect changed static files, seed, and see to an administrator."
    requires_system_checks: list[str] = []  # migrate runs them

    def handle(self, *args: Any, **options: Any) -> None:
        _wait_for_database()
        with _alone():
            call_command("migrate", interactive=False, verbosity=0)
            collect_static()
            for name in settings.PREPARE_COMMANDS:
                call_command(name, stdout=self.stdout)


@contextmanager
def _alone() -> Iterator[None]:
    """Let those who prepare one database at once come one after the other.

    Who waits asks again and again: a statement that waited would be in the way of an index that
    is made beside the table's use. The lock is a transaction's, since a pooler may stand before
    the database, which would keep a session's.
    """
    with psycopg.connect(**health.address()) as lock:
        while not lock.execute("SELECT pg_try_advisory_xact_lock(%s)", [PREPARING]).fetchone()[0]:  # type: ignore[index]
            lock.rollback()
            time.sleep(0.2)
        lock.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        yield


def _wait_for_database() -> None:
    deadline = time.monotonic() + DATABASE_SECONDS
    while True:
        try:
            health.database()
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                raise CannotStart(f"The database does not answer: {error}") from None
            time.sleep(0.2)
        else:
            return


def collect_static() -> None:
    """Collect the static files, unless neither they nor the installed packages changed."""
    stamp = Path(settings.STATIC_ROOT) / ".stamp"
    present = _fingerprint()
    if stamp.exists() and stamp.read_text() == present:
        return
    call_command("collectstatic", interactive=False, verbosity=0, clear=True)
    stamp.write_text(present)


def _fingerprint() -> str:
    own = [
        (str(path), path.stat().st_mtime_ns)
        for folder in settings.STATICFILES_DIRS
        for path in sorted(Path(folder).rglob("*"))
    ]
    packages = sorted(f"{each.name}=={each.version}" for each in metadata.distributions())
    storage = settings.STORAGES["staticfiles"]["BACKEND"]
    text = json.dumps([str(BASE_DIR), sys.version, own, packages, storage])
    return hashlib.sha256(text.encode()).hexdigest()
