"""A container's health: `python -m ops.alive web` or, for worker and beat, `… file`. Exits 0 or 1.

Worker and beat touch the file named by `ALIVE_FILE` every few seconds while they do their work.
"""

import os
import sys
import time
import urllib.request
from pathlib import Path

from ops import addresses

STALE_SECONDS = 60.0


def touch() -> None:
    """Say that this process does its work."""
    if path := os.environ.get("ALIVE_FILE"):
        Path(path).touch()


def web() -> bool:
    with urllib.request.urlopen(
        f"http://{addresses.nearest(addresses.host())}:{addresses.port()}/healthz", timeout=4
    ) as got:
        return bool(got.status == 200)


def file() -> bool:
    return time.time() - Path(os.environ["ALIVE_FILE"]).stat().st_mtime < STALE_SECONDS


if __name__ == "__main__":
    try:
        sys.exit(0 if {"web": web, "file": file}[sys.argv[1]]() else 1)
    except OSError as error:
        sys.exit(str(error))
