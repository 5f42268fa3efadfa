"""Web and worker as processes of their own, on the test database, for a real browser."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

ROOT = Path(__file__).resolve().parents[2]
WEB = ["uvicorn", "config.asgi:application", "--lifespan", "off", "--log-level", "warning"]
WORKER = ["celery", "-A", "config", "worker", "-P", "threads", "-c", "4", "-B", "-l", "warning"]
QUEUES = ["-Q", "interactive,background", "--without-gossip", "--without-mingle"]


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class House:
    """`url` is where the web listens; `worker` and `web` can be stopped and started again."""

    def __init__(self, database: str, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = folder
        parts = urlsplit(os.environ["DATABASE_URL"])
        self.environment = {
            **os.environ,
            "DATABASE_URL": parts._replace(path=f"/{database}").geturl(),
            "CAUSERIE_PUBLIC_URL": self.url,
            "CAUSERIE_DATA_DIR": str(folder),
            "SECRET_KEY": settings.SECRET_KEY,
            "CAUSERIE_MASTER_KEY": settings.MASTER_KEY,
            "SETUP_TOKEN_REQUIRED": "false",
            "DATABASE_POOL_SIZE": "6",
        }
        self.web: subprocess.Popen | None = None
        self.worker: subprocess.Popen | None = None

    def run(self, *command: str) -> None:
        subprocess.run(
            [sys.executable, *command], cwd=ROOT, env=self.environment, check=True,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def _start(self, name: str, *command: str) -> subprocess.Popen:
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=ROOT, env=self.environment, stdout=log, stderr=log,
            )  # fmt: skip

    def start_web(self) -> None:
        self.web = self._start("web", *WEB, "--port", str(self.port))
        deadline = time.monotonic() + 90
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/accounts/login/", timeout=15)
                return
            except OSError:
                if time.monotonic() > deadline or self.web.poll() is not None:
                    raise RuntimeError((self.folder / "web.log").read_text()[-3000:]) from None
                time.sleep(0.1)

    def stop_web(self) -> None:
        end(self.web)

    def start_worker(self) -> None:
        schedule = str(self.folder / "schedule")
        self.worker = self._start("worker", *WORKER, *QUEUES, "-s", schedule)

    def stop(self) -> None:
        end(self.web)
        end(self.worker)


def end(process: subprocess.Popen | None) -> None:
    if process is None:
        return
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
