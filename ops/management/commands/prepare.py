"""Bring database and pages up to this version: migrate, collect static files, seed."""

import hashlib
import json
import os
import sys
import time
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

# A database elsewhere may start later than this.
DATABASE_SECONDS = float(os.environ.get("DATABASE_SECONDS") or 30)


class Command(BaseCommand):
    help = "Migrate the database, collect changed static files, seed, and see to an administrator."
    requires_system_checks: list[str] = []  # migrate runs them

    def handle(self, *args: Any, **options: Any) -> None:
        _wait_for_database()
        call_command("migrate", interactive=False, verbosity=0)
        collect_static()
        for name in settings.PREPARE_COMMANDS:
            call_command(name, stdout=self.stdout)


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
