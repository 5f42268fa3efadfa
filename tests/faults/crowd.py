"""Two hundred callers who wait at one barrier, and somebody who watches what they do."""

import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import environ
import psycopg
from django.db import connection, connections

from tests.faults import callers
from tests.faults.callers import BARRIER, THREADS, Order, Told
from tests.faults.house import House

PROCESSES = 20
SIZE = PROCESSES * THREADS
_WAITING = """
SELECT count(*) FROM pg_locks
WHERE locktype = 'advisory' AND NOT granted AND (classid::bigint << 32) + objid::bigint = %s
"""


class Crowd:
    """Twenty processes of ten callers."""

    def __init__(self, house: House) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tests.faults.callers"])
        url = environ.Env.db_url_config(house.database_url)
        database = {key: url[key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT")}
        options = {**connections.settings["default"]["OPTIONS"], **url["OPTIONS"]}
        options.pop("pool", None)  # two hundred at once, not those that a pool lets through
        database["OPTIONS"] = options
        self.barrier = psycopg.connect(house.database_url, autocommit=True)
        self.processes, self.ends = [], []
        for number in range(PROCESSES):
            here, there = context.Pipe()
            process = context.Process(
                target=callers.work, args=(number, database, there), daemon=True
            )
            process.start()
            self.processes.append(process)
            self.ends.append(here)

    def obey(self, order: Order, meanwhile: Callable[[], None] = lambda: None) -> list[Told]:
        """Let all do the same at the same moment; returns what each of them tells."""
        self.barrier.execute("SELECT pg_advisory_lock(%s)", [BARRIER])
        for end in self.ends:
            end.send(order)
        deadline = time.monotonic() + 60
        while self.barrier.execute(_WAITING, [BARRIER]).fetchone() != (SIZE,):
            assert time.monotonic() < deadline, "not all of them came to the barrier"
            time.sleep(0.01)
        self.barrier.execute("SELECT pg_advisory_unlock(%s)", [BARRIER])
        try:
            meanwhile()
        finally:  # also where that failed: nobody is left behind
            told = [each for end in self.ends for each in end.recv()]
        assert len(told) == SIZE
        wrong = [each.wrong for each in told if each.wrong]
        assert not wrong, f"{len(wrong)} callers failed: {wrong[:3]}"
        return told

    def close(self) -> None:
        for end in self.ends:
            end.send(None)
        for process in self.processes:
            process.join(30)
            if process.is_alive():
                process.kill()
        self.barrier.close()


@contextmanager
def watching(look: Callable[[], None]) -> Iterator[None]:
    """Look again and again, with a connection of its own; what it asserts is raised at the end."""
    ended, looks, wrongs = threading.Event(), [], []

    def watch() -> None:
        try:
            while not ended.is_set():
                look()
                looks.append(None)
                ended.wait(0.02)
        except BaseException as wrong:
            wrongs.append(wrong)
        finally:
            connection.close()

    thread = threading.Thread(target=watch, name="watcher", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
    if wrongs:
        raise wrongs[0]
    assert looks
