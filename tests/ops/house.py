"""`manage.py up` as people start it: a process of its own, on a data folder of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent.parent
# What the test session itself was given; a house of its own starts without it.
OURS = ("DATABASE_URL", "REDIS_URL", "CAUSERIE_DATA_DIR", "DJANGO_SETTINGS_MODULE", "HOST", "PORT")
SECONDS = 180.0


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def until(condition: Callable[[], object], what: str, seconds: float = SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.05)


class House:
    """One start of `manage.py up`; as a context it is killed with all it started at the end."""

    def __init__(self, data: Path, **environment: str) -> None:
        self.data = data
        self.port = environment.setdefault("PORT", free_port())
        self.lines: list[str] = []
        kept = {name: value for name, value in os.environ.items() if name not in OURS}
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "up"],
            cwd=ROOT,
            env={**kept, "CAUSERIE_DATA_DIR": str(data), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self.lines.append(line.rstrip())

    def __enter__(self) -> "House":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        for process in self.processes():
            process.kill()
        self.process.wait()

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    def wait_ready(self) -> "House":
        until(lambda: self.process.poll() is not None or "is ready at" in self.output, "ready")
        assert self.process.poll() is None, self.output
        return self

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        code = self.process.wait(SECONDS)
        self._reader.join(SECONDS)
        return code

    def get(self, path: str) -> tuple[int, str]:
        """Return status and body; (0, "") while nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=15) as got:
                return got.status, got.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def is_ready(self) -> bool:
        return self.get("/readyz")[0] == 200

    def pids(self) -> dict[str, int]:
        """Return the parts' process numbers by name."""
        entries = json.loads((self.data / "processes.json").read_text())
        return {entry["name"]: entry["pid"] for entry in entries}

    def kill(self, name: str) -> int:
        """Kill a part and wait for another process in its place; return the new number."""
        old = self.pids()[name]
        os.kill(old, signal.SIGKILL)
        until(lambda: self.pids()[name] != old, f"{name} started again")
        return self.pids()[name]

    def processes(self) -> list[psutil.Process]:
        """Return what runs with this data folder in its command or its environment."""
        return [each for each in psutil.process_iter() if self._is_ours(each)]

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            if process.pid == self.process.pid or process.status() == psutil.STATUS_ZOMBIE:
                return False
            words = [*process.cmdline(), *process.environ().values()]
        except psutil.Error:
            return False
        return any(str(self.data) in word for word in words)
