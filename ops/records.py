"""Which processes belong to a data folder, so that the next start can end what a kill left behind.

A process is known by its number and its start time; a number alone may belong to somebody else.
"""

import json
import os
import signal
from contextlib import suppress
from pathlib import Path

import psutil

SAME_START_SECONDS = 2.0  # clocks are set, and boot time is computed from them


class Records:
    """The file `processes.json` in the data folder."""

    def __init__(self, data: Path) -> None:
        self.path = data / "processes.json"

    def add(self, name: str, pid: int) -> None:
        """Note a process that was just started."""
        try:
            started = psutil.Process(pid).create_time()
        except psutil.NoSuchProcess:
            return
        known = [entry for entry in self._read() if entry["name"] != name]
        self._write([*known, {"name": name, "pid": pid, "started": started}])

    def clear(self) -> None:
        """Forget all: everything has ended."""
        self.path.unlink(missing_ok=True)

    def end_leftovers(self, seconds: float = 15.0) -> list[str]:
        """End the recorded processes that still run, politely first; return their names."""
        left = {entry["name"]: process for entry in self._read() if (process := _alive(entry))}
        for name, process in left.items():
            # Postgres takes SIGINT for a fast stop; SIGTERM would wait for its sessions.
            _signal(process, signal.SIGINT if name == "Postgres" else signal.SIGTERM)
            _signal(process, signal.SIGCONT)  # one that was stopped could not hear it
        _, stubborn = psutil.wait_procs(left.values(), timeout=seconds)
        for process in stubborn:
            _signal(process, signal.SIGKILL)
        psutil.wait_procs(stubborn, timeout=seconds)
        self.clear()
        return list(left)

    def _read(self) -> list[dict]:
        try:
            return json.loads(self.path.read_text())
        except (OSError, ValueError):
            return []

    def _write(self, entries: list[dict]) -> None:
        partial = self.path.with_suffix(".new")
        partial.write_text(json.dumps(entries))
        os.replace(partial, self.path)


def _alive(entry: dict) -> psutil.Process | None:
    try:
        process = psutil.Process(entry["pid"])
        same = abs(process.create_time() - entry["started"]) < SAME_START_SECONDS
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.NoSuchProcess:
        return None


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    with suppress(psutil.NoSuchProcess):
        process.send_signal(number)
