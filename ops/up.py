"""`manage.py up`: one command for the whole house. It prepares, starts, keeps and stops its parts.

It runs without Django, so that it is small and starts at once; what needs Django is a child.
"""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from ops import addresses, lock
from ops.embedded import model_wanted
from ops.errors import CannotStart
from ops.model import EmbeddedModel
from ops.part import Part
from ops.places import BASE_DIR, data_dir, make_private, socket_dir
from ops.postgres import EmbeddedPostgres
from ops.records import Records
from ops.supervisor import Supervisor, say
from ops.valkey import EmbeddedValkey

# How long answers may go on after Ctrl-C before they are handed over.
DRAIN_SECONDS = float(os.environ.get("RUN_DRAIN_SECONDS") or 8)
PYTHON = [sys.executable, "-X", "utf8"]


def main(verb: str = "up") -> int:
    """Run until a signal (or, for "down", end the one that runs); return the exit code."""
    began = time.monotonic()
    os.umask(0o077)  # what the house writes is its own
    try:
        data, host, port = data_dir(), addresses.host(), addresses.port()
        if verb == "down":
            say("Stopped." if lock.end_holder(data) else f"Nothing runs from {data}.")
            return 0
        make_private(data)
        with lock.take(data, f"http://{host}:{port}"):
            addresses.check_free(host, port)
            return House(data, host, port).run(began)
    except CannotStart as error:
        say(f"Causerie cannot start. {error}")
        return 1


class House:
    """The parts of one start on the data folder `data`."""

    def __init__(self, data: Path, host: str, port: int) -> None:
        self.data, self.host, self.port = data, host, port
        self.records = Records(data)
        self.supervisor = Supervisor(self.records)
        self.news = ""  # what the preparation had to tell

    def run(self, began: float) -> int:
        """Start everything, keep it until a signal, stop everything."""
        self.supervisor.take_signals()
        if ended := self.records.end_leftovers():
            say(f"Ended what an earlier start left running: {', '.join(ended)}.")
        try:
            self._start()
            if not self.supervisor.stopping:
                self._welcome(time.monotonic() - began)
                self.supervisor.keep()
        finally:
            say("Stopping …")
            self.supervisor.stop()
            if (sockets := socket_dir(self.data)).parent != self.data and sockets.exists():
                shutil.rmtree(sockets)
        say("Causerie has stopped.")
        return 0

    def _start(self) -> None:
        postgres = None if os.environ.get("DATABASE_URL") else EmbeddedPostgres(self.data)
        if model_wanted():
            # It loads while the rest goes on; the house is ready when it is, too.
            say("Starting the language model …")
            self.supervisor.launch(EmbeddedModel(self.data).part())
        servers = []
        if postgres:
            fresh = "" if postgres.cluster.exists() else " (making the database)"
            say(f"Starting Postgres{fresh} …")
            servers.append(postgres.part())
        if not os.environ.get("REDIS_URL"):
            say("Starting Valkey …")
            servers.append(EmbeddedValkey(self.data).part())
        self.supervisor.launch(*servers)
        self.supervisor.wait_ready(*servers)
        if postgres and not self.supervisor.stopping:
            postgres.make_database()
        self._prepare()
        if not self.supervisor.stopping:
            say("Starting web and worker …")
            self.supervisor.launch(self._web(), self._worker())
            self.supervisor.wait_ready()

    def _prepare(self) -> None:
        """Run `manage.py prepare` to its end; what it tells is kept for the welcome."""
        if self.supervisor.stopping:
            return
        say("Preparing the database and the pages …")
        with subprocess.Popen(
            [*PYTHON, "manage.py", "prepare"], cwd=BASE_DIR, stdout=subprocess.PIPE, text=True
        ) as process:
            self.supervisor.on_stop(process.terminate)
            self.news, _ = process.communicate()
        if process.returncode and not self.supervisor.stopping:
            say(self.news)
            raise CannotStart("The database could not be prepared (see above).")

    def _web(self) -> Part:
        return Part(
            name="web",
            command=[*PYTHON, "-m", "config.web"],
            ready=self._is_ready,
            start_seconds=120,
            environment={"HOST": self.host, "PORT": str(self.port)},
            stop_seconds=DRAIN_SECONDS + 5,
        )

    def _worker(self) -> Part:
        return Part(
            name="worker",
            command=[*PYTHON, "-m", "config.worker"],
            ready=lambda: True,  # `/readyz` of the web process tells
            # One clock is enough, and a thread of the worker costs no memory.
            environment={"BEAT_IN_WORKER": "1", "RUN_DRAIN_SECONDS": f"{DRAIN_SECONDS:g}"},
            stop_seconds=DRAIN_SECONDS + 5,
        )

    def _is_ready(self) -> bool:
        url = f"http://{addresses.nearest(self.host)}:{self.port}/readyz"
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                return bool(json.load(answer)["ready"])
        except (urllib.error.URLError, OSError, ValueError, KeyError):
            return False

    def _welcome(self, seconds: float) -> None:
        url = os.environ.get("CAUSERIE_PUBLIC_URL") or addresses.public_url(self.host, self.port)
        say(f"\n  Causerie is ready at {url}  (started in {seconds:.1f} s; Ctrl-C stops it)")
        say("".join(f"  {line}\n" for line in self.news.splitlines()))
