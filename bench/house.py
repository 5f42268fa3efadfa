"""The real house for a measurement: every part a process of its own, on a data folder that goes.

Postgres and Valkey are the embedded ones, durable as `make run` has them. The model is the tests'
fake backend, whose pace is known. Web, worker and beat are what `manage.py up` starts, except that
beat has its own process, so that each part's CPU time can be told apart.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

BASE_DIR = Path(__file__).resolve().parent.parent
START_SECONDS = 60.0


@dataclass
class House:
    """A running house: its address, its upstream's, and the process of each part."""

    base_url: str
    upstream: str
    environment: dict[str, str]
    processes: dict[str, subprocess.Popen[Any]] = field(default_factory=dict)

    def cpu_seconds(self) -> dict[str, float]:
        """Return user and system time of each part with its children, ended ones included."""
        return {name: _cpu(process.pid) for name, process in self.processes.items()}

    def run(self, module: str, given: Any = None, *options: str) -> Any:
        """Run `python -m module` within the house's environment; JSON in, JSON out."""
        ended = subprocess.run(
            [sys.executable, "-m", module, *options],
            input=json.dumps(given),
            env=self.environment,
            cwd=BASE_DIR,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return json.loads(ended.stdout)

    def upstream_calls(self) -> list[dict[str, Any]]:
        """Return the fake backend's log and start a new one."""
        root = self.upstream.removesuffix("/v1")
        with urllib.request.urlopen(f"{root}/control/log", timeout=10) as answer:
            calls: list[dict[str, Any]] = json.load(answer)["calls"]
        urllib.request.urlopen(
            urllib.request.Request(f"{root}/control/reset", b"{}"), timeout=10
        ).close()
        return calls


def _cpu(pid: int) -> float:
    total = 0.0
    root = psutil.Process(pid)
    for process in (root, *root.children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
        if process == root:
            total += times.children_user + times.children_system
    return total


@contextmanager
def running(**settings: str) -> Iterator[House]:
    """Run a house; `settings` are environment variables that differ from the defaults."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="causerie-bench-")))
        port = _free_port()
        environment = {
            **{key: value for key, value in os.environ.items() if key not in _OURS},
            "CAUSERIE_DATA_DIR": str(folder / "data"),
            "CAUSERIE_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "EMBEDDED_MODEL": "off",
            **settings,
        }
        house = House(f"http://127.0.0.1:{port}", "", environment)
        for name, part in _services(folder / "data"):
            house.processes[name] = process = part.start()
            stack.callback(_stop, process, part.stop_signal)
            part.wait_ready(process)
        _prepare(folder / "data", environment)
        log = stack.enter_context((folder / "log").open("w"))

        def start(name: str, *command: str, **options: Any) -> subprocess.Popen[Any]:
            words = [sys.executable, "-X", "utf8", "-m", *command]
            process = subprocess.Popen(
                words, env=environment, cwd=BASE_DIR, stderr=log, **{"stdout": log, **options}
            )
            house.processes[name] = process
            stack.callback(_stop, process)
            return process

        fake = start("upstream", "tests.fake_backend", stdout=subprocess.PIPE, text=True)
        assert fake.stdout is not None
        house.upstream = fake.stdout.readline().strip()
        start("web", "config.web")
        start("worker", "config.worker")
        start("beat", "celery", "-A", "config", "--quiet", "beat", "-s", str(folder / "beat"))
        stack.callback(lambda: _show_complaints(folder / "log"))
        _wait_ready(house)
        yield house


_OURS = {"DATABASE_URL", "REDIS_URL", "OPENAI_API_KEY", "OPENAI_BASE_URL", "DEBUG", "SECRET_KEY"}


def _services(data: Path) -> Sequence[tuple[str, Any]]:
    from ops.postgres import EmbeddedPostgres
    from ops.valkey import EmbeddedValkey

    return [("postgres", EmbeddedPostgres(data).part()), ("valkey", EmbeddedValkey(data).part())]


def _prepare(data: Path, environment: dict[str, str]) -> None:
    from ops.postgres import EmbeddedPostgres

    EmbeddedPostgres(data).make_database()
    command = [sys.executable, "manage.py", "prepare"]
    subprocess.run(command, env=environment, cwd=BASE_DIR, check=True, stdout=subprocess.DEVNULL)


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_ready(house: House) -> None:
    deadline, said = time.monotonic() + START_SECONDS, "nothing"
    while True:
        try:
            with urllib.request.urlopen(f"{house.base_url}/readyz", timeout=2) as answer:
                if json.load(answer)["ready"]:
                    return
        except urllib.error.HTTPError as error:
            said = error.read(500).decode(errors="replace")
        except (OSError, ValueError, KeyError) as error:
            said = repr(error)
        for name, process in house.processes.items():
            if process.poll() is not None:
                raise RuntimeError(f"{name} ended at its start")
        if time.monotonic() > deadline:
            raise RuntimeError(f"the house is not ready; it says: {said}")
        time.sleep(0.1)


def _stop(process: subprocess.Popen[Any], signal: int = 15) -> None:
    if process.poll() is None:
        process.send_signal(signal)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _show_complaints(log: Path) -> None:
    """Print what the parts said, if they said anything: a clean run is silent."""
    said = log.read_text(errors="replace").strip().splitlines()
    for line in said[:40]:
        print(f"| {line}", file=sys.stderr)
