"""Every page that reads the ledger, over ten million rows of it.

    python -m bench.ledger [--rows 10000000] [--data FOLDER]

A cluster of its own is filled by SQL while it may be forgetful, and started anew as durable as in
use. The pages are asked through Django's whole stack (middleware, views, templates, the database by
its pool) by `django.test.Client`: what a server for HTTP adds is not in the figures. The folder
goes away at the end, `--data` excepted: that one stays, to be measured again without filling it.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg

from bench.figures import Goal
from bench.ledger_rows import TABLE, fill
from ops.embedded import DATABASE_NAME, database_url, postgres_url, redis_url
from ops.part import stop
from ops.places import BASE_DIR
from ops.postgres import OWNER, EmbeddedPostgres
from ops.valkey import EmbeddedValkey

ROWS = 10_000_000
PAGE_MS = 150.0
PLANS = BASE_DIR / "bench" / "results" / "ledger-plans.txt"
FILL_SECONDS = 360.0
GIGABYTES = 12.0


@contextmanager
def services(data: Path, *, durable: bool) -> Iterator[None]:
    """Run Postgres and Valkey in `data`; the environment names them meanwhile."""
    with ExitStack() as stack:
        postgres = EmbeddedPostgres(data, durable=durable)
        for part in (postgres.part(), EmbeddedValkey(data).part()):
            process = part.start()
            stack.callback(stop, part, process)
            part.wait_ready(process)
        postgres.make_database()
        yield


def prepare(data: Path) -> None:
    """Make the tables, and set this process up as one of the house."""
    os.environ |= {
        "CAUSERIE_DATA_DIR": str(data),
        "EMBEDDED_MODEL": "off",
        "DATABASE_URL": database_url(data),
        "REDIS_URL": redis_url(data),
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    command = [sys.executable, "manage.py", "prepare"]
    subprocess.run(command, cwd=BASE_DIR, check=True, stdout=subprocess.DEVNULL)
    import django

    django.setup()


def make_rows(data: Path, rows: int) -> dict[str, Any]:
    from bench import ledger_pages

    ledger_pages.make_models()
    address = postgres_url(data, OWNER, DATABASE_NAME)
    started = time.monotonic()
    with psycopg.connect(address, autocommit=True) as connection:
        took = fill(connection, rows)
    took |= ledger_pages.add_up_all()
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")
        sizes = connection.execute(
            "SELECT pg_total_relation_size(%(t)s), pg_relation_size(%(t)s),"
            " pg_total_relation_size('usage_hourlyusage'),"
            " (SELECT count(*) FROM usage_hourlyusage),"
            " pg_total_relation_size('usage_spanusage'),"
            " (SELECT count(*) FROM usage_spanusage),"
            " pg_database_size(current_database())",
            {"t": TABLE},
        ).fetchone()
    assert sizes is not None
    whole, table, sums, hours, spans, days, database = sizes
    seconds = time.monotonic() - started
    return {
        "scenario": f"{rows:,} rows of the ledger made",
        "seconds": took,
        "gigabytes": {
            "table": round(table / 1e9, 2),
            "its indexes": round((whole - table) / 1e9, 2),
            "sums by the hour": round(sums / 1e9, 2),
            "by day and month": round(spans / 1e9, 2),
        },
        "rows_of_sums": {"by the hour": hours, "by day and month": days},
        "goals": [
            Goal("making the rows", seconds, most=FILL_SECONDS, unit="s").json(),
            Goal("database", database / 1e9, most=GIGABYTES, unit="GB").json(),
        ],
    }


def run(
    name: str,
    rows: int,
    plans: Path,
    make: Callable[[Path, int], dict[str, Any]],
    measured: Callable[[Path], Iterable[dict[str, Any]]],
) -> int:
    """Make a house of many rows, or take one that was kept, and print what is measured there."""
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("--rows", type=int, default=rows)
    parser.add_argument("--data", type=Path, help="keep the folder, and use it again")
    parser.add_argument("--plans", type=Path, default=plans, help="where the plans are written")
    given = parser.parse_args()
    with ExitStack() as stack:
        data = given.data or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix=f"causerie-{name}-"))
        )
        if not (data / "filled").exists():
            if given.data and data.exists() and any(data.iterdir()):
                parser.error(f"{data} was not filled to its end: remove it")
            with services(data, durable=False):
                prepare(data)
                print(json.dumps(make(data, given.rows)), flush=True)
            (data / "filled").touch()
        with services(data, durable=True):
            prepare(data)
            for found in measured(given.plans):
                print(json.dumps(found), flush=True)
    return 0


def measured(plans: Path) -> Iterable[dict[str, Any]]:
    from bench import ledger_pages

    return ledger_pages.measured(PAGE_MS, plans)


if __name__ == "__main__":
    rows = int(os.environ.get("LEDGER_ROWS", ROWS))
    sys.exit(run("ledger", rows, PLANS, make_rows, measured))
