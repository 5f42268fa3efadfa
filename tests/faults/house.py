"""A house of its own for the fault tests: every part a real process that may be killed by its pid.

Postgres, Valkey, two workers and a web process are started as the product starts them; the model
is the fake backend, whose log the ledger is held against. What was killed is started again, as a
supervisor would.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from urllib.request import urlopen

import psutil
import redis
from django.conf import settings

from config.worker import COMMAND as WORKER
from ops.embedded import DATABASE_NAME, broker_url, postgres_url
from ops.health import WORKERS_KEY
from ops.part import Part
from ops.places import BASE_DIR
from ops.postgres import EmbeddedPostgres
from ops.valkey import EmbeddedValkey

LEASE_SECONDS = 3.0
DRAIN_SECONDS = 4.0
WORKERS = ("w1", "w2")
CONNECTIONS = 300  # to Postgres: two hundred callers beside all that lives here


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class House:
    """The parts by name: postgres, valkey, fake, web, w1, w2."""

    def __init__(self, folder: Path, **environment: object) -> None:
        self.folder = folder
        self.postgres = EmbeddedPostgres(folder)  # durable: what was committed must be there
        self.valkey = EmbeddedValkey(folder)
        self.port, self.fake_port = free_port(), free_port()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.since: dict[str, float] = {}
        self.parts = {
            "postgres": self._postgres(),
            "valkey": self.valkey.part(),
            "fake": self._fake(),
        }
        for name in self.parts:
            self.start(name)
        self.postgres.make_database()
        self.database_url = postgres_url(folder, DATABASE_NAME, DATABASE_NAME)
        self.redis_url = f"unix://{self.valkey.socket}"
        self.redis = redis.Redis.from_url(self.redis_url)
        self.environment = {
            "CAUSERIE_DATA_DIR": str(folder),
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "SECRET_KEY": settings.SECRET_KEY,
            "CAUSERIE_MASTER_KEY": settings.MASTER_KEY,
            "EMBEDDED_MODEL": "off",
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "WORKER_THREADS": "4",
            "RUN_LEASE_SECONDS": str(LEASE_SECONDS),
            "RUN_DRAIN_SECONDS": str(DRAIN_SECONDS),
            **{name: str(value) for name, value in environment.items()},
        }
        self.manage("prepare")
        self.parts |= {"web": self._web(), **{name: self._worker(name) for name in WORKERS}}
        self.ensure()

    # Life and death

    def start(self, name: str, *, wait: bool = True) -> None:
        self.since[name] = time.time()
        self.processes[name] = self.parts[name].start()
        if wait:
            self.wait_ready(name)

    def wait_ready(self, name: str) -> None:
        self.parts[name].wait_ready(self.processes[name])

    def pid(self, name: str) -> int:
        return self.processes[name].pid

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal that ends the part, and wait for its end."""
        self.processes[name].send_signal(number)
        self.processes[name].wait(30)

    def freeze(self, name: str) -> None:
        self.processes[name].send_signal(signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        self.processes[name].send_signal(signal.SIGCONT)

    def ensure(self) -> None:
        """Start what is dead, as a supervisor does, and wait until everything works."""
        dead = [
            n for n in self.parts if n not in self.processes or self.processes[n].poll() is not None
        ]
        for name in dead:
            self.start(name, wait=False)
        for name in dead:
            self.wait_ready(name)

    def stop(self) -> None:
        """End everything that was started here."""
        self.redis.close()
        for name in reversed(self.processes):
            process = self.processes[name]
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.send_signal(signal.SIGQUIT if name == "postgres" else signal.SIGKILL)
                process.wait(30)

    def memory(self, name: str) -> int:
        """Return the bytes that only this process uses."""
        return psutil.Process(self.pid(name)).memory_full_info().uss

    # Addresses

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def fake_url(self) -> str:
        return f"http://127.0.0.1:{self.fake_port}"

    def manage(self, *words: str) -> None:
        command = [sys.executable, "manage.py", *words]
        environment = {**os.environ, **self.environment}
        subprocess.run(command, cwd=BASE_DIR, env=environment, check=True, capture_output=True)

    @property
    def broker_url(self) -> str:
        return broker_url(self.redis_url)

    # Parts

    def _postgres(self) -> Part:
        part = self.postgres.part()
        return replace(part, command=[*part.command, "-c", f"max_connections={CONNECTIONS}"])

    def _fake(self) -> Part:
        words = ["-m", "tests.fake_backend", "--port", str(self.fake_port)]
        return self._part("fake", words, lambda: _answers(f"{self.fake_url}/healthz"), {})

    def _web(self) -> Part:
        ready = lambda: _answers(f"{self.origin}/healthz")  # noqa: E731
        return self._part("web", ["-m", "config.web"], ready, self.environment)

    def _worker(self, name: str) -> Part:
        words = [
            "-W",
            "ignore",
            "-m",
            "celery",
            "-A",
            "config.celery",
            *WORKER,
            "--hostname",
            f"{name}@house",
        ]
        return self._part(name, words, lambda: self._works(name), self.environment)

    def _part(self, name: str, words: list[str], ready, environment: dict[str, str]) -> Part:
        log = self.folder / "logs" / f"{name}.log"
        return Part(name, [sys.executable, *words], ready, environment, log=log)

    def _works(self, name: str) -> bool:
        try:
            seen = self.redis.zscore(WORKERS_KEY, f"{name}@house")
        except redis.RedisError:
            return False
        return seen is not None and seen > self.since[name]


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=1) as answer:
            return answer.status == 200
    except OSError:
        return False
