"""One `up` per data folder: the lock that it holds, and who holds it."""

import fcntl
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

from ops.errors import CannotStart

NAME = "up.lock"


def take(data: Path, address: str) -> IO[str]:
    """Return the lock of the data folder, held until it is closed or this process ends."""
    try:
        lock = (data / NAME).open("a+")
    except OSError as error:
        raise CannotStart(f"{data} is not writable: {error.strerror}.") from error
    if not _lock(lock):
        pid, where = _written_by(lock)
        raise CannotStart(f"It already runs from {data} at {where} (process {pid}): make stop.")
    lock.truncate(0)
    lock.write(f"{os.getpid()} {address}")
    lock.flush()
    return lock


def end_holder(data: Path, seconds: float = 60.0) -> bool:
    """Ask the holder to end and wait for it; False when nobody holds the lock."""
    if not (data / NAME).exists():
        return False
    with (data / NAME).open("a+") as lock:
        if _lock(lock):
            return False
        pid, _ = _written_by(lock)
        os.kill(int(pid), signal.SIGTERM)
        deadline = time.monotonic() + seconds
        while not _lock(lock):
            if time.monotonic() > deadline:
                raise CannotStart(f"Process {pid} does not end.")
            time.sleep(0.05)
    return True


def _lock(file: IO[str]) -> bool:
    with suppress(OSError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _written_by(lock: IO[str]) -> tuple[str, str]:
    lock.seek(0)
    pid, _, address = lock.read().partition(" ")
    return pid, address
