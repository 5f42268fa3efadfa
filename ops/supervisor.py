"""Keep the parts of the house running: start them, start a crashed one again, stop all in order."""

import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import FrameType

from ops.errors import CannotStart
from ops.part import Part, kill_group
from ops.records import Records

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 60.0  # a part that ran this long starts afresh with the first pause


def say(line: str) -> None:
    """Print a line of progress; a closed terminal is no reason to stop."""
    with suppress(OSError):
        print(line, flush=True)


@dataclass
class Kept:
    """A part and its present process."""

    part: Part
    process: subprocess.Popen[bytes]
    started: float
    pause: float = FIRST_PAUSE_SECONDS
    again_at: float | None = None
    reader: threading.Thread | None = field(default=None, repr=False)


class Supervisor:
    """Runs in the main thread: the kernel ends the children when the thread that made them ends."""

    def __init__(self, records: Records) -> None:
        self.records = records
        self.kept: dict[str, Kept] = {}
        self.waves: list[list[str]] = []  # names, in the order of their start
        self.ended: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self.stopping = False
        self._acts: list[Callable[[], None]] = []

    def take_signals(self) -> None:
        """From now on SIGINT, SIGTERM and SIGHUP ask for the end (a second one hurries it)."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.stopping:
            for kept in self.kept.values():
                kill_group(kept.process.pid)
            return
        self.stopping = True
        self.ended.put(None)
        for act in self._acts:
            act()

    def launch(self, *parts: Part) -> None:
        """Start the parts; those of one call are stopped together, later calls' parts before."""
        self.waves.append([part.name for part in parts])
        for part in parts:
            self.kept[part.name] = self._launch(part)

    def wait_ready(self, *parts: Part) -> None:
        """Return when the parts (all, when none is named) are ready, or at once on a signal.

        Raises `CannotStart` with the last words of a part that ends or does not answer.
        """
        for part in parts or [kept.part for kept in self.kept.values()]:
            part.wait_ready(self.kept[part.name].process, lambda: self.stopping)

    def on_stop(self, act: Callable[[], None]) -> None:
        """Do `act` when a signal asks for the end, at once if one already did."""
        self._acts.append(act)
        if self.stopping:
            act()

    def _launch(self, part: Part) -> Kept:
        process = part.start()
        self.records.add(part.name, process.pid)
        kept = Kept(part, process, time.monotonic())
        kept.reader = threading.Thread(target=self._follow, args=[part.name, process], daemon=True)
        kept.reader.start()
        return kept

    def _follow(self, name: str, process: subprocess.Popen[bytes]) -> None:
        for line in process.stdout or ():
            if words := line.decode(errors="replace").rstrip():
                say(f"{name:>8} | {words}")
        process.wait()
        self.ended.put(name)

    def keep(self) -> None:
        """Start what ends again, until a signal."""
        while not self.stopping:
            due = [kept.again_at for kept in self.kept.values() if kept.again_at is not None]
            try:
                pause = max(0.0, min(due) - time.monotonic()) if due else None
                name = self.ended.get(timeout=pause)
            except queue.Empty:
                self._start_due()
                continue
            if name is not None:
                self._note_end(self.kept[name])

    def _note_end(self, kept: Kept) -> None:
        if kept.process.poll() is None or kept.again_at is not None:
            return  # an earlier process of the same part
        kill_group(kept.process.pid)
        if time.monotonic() - kept.started > STEADY_SECONDS:
            kept.pause = FIRST_PAUSE_SECONDS
        kept.again_at = time.monotonic() + kept.pause
        say(
            f"{kept.part.name} ended unexpectedly ({_reason(kept.process.returncode)}); "
            f"starting it again in {kept.pause:g} s. {kept.part.last_words()}"
        )

    def _start_due(self) -> None:
        for name, kept in list(self.kept.items()):
            if kept.again_at is not None and kept.again_at <= time.monotonic():
                pause = min(kept.pause * 2, LONGEST_PAUSE_SECONDS)
                try:
                    self.kept[name] = self._launch(kept.part)
                except CannotStart as error:
                    say(f"{error} Trying again in {pause:g} s.")
                    kept.again_at = time.monotonic() + pause
                self.kept[name].pause = pause

    def stop(self) -> None:
        """End all parts, the last started first; the parts of one wave end together."""
        self.stopping = True
        for wave in reversed(self.waves):
            present = [self.kept[name] for name in wave if name in self.kept]
            for kept in present:
                if kept.process.poll() is None:
                    kept.process.send_signal(kept.part.stop_signal)
            deadline = time.monotonic() + max((k.part.stop_seconds for k in present), default=0)
            for kept in present:
                _wait_or_kill(kept, deadline)
        self.records.clear()


def _wait_or_kill(kept: Kept, deadline: float) -> None:
    try:
        kept.process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        say(f"{kept.part.name} did not end in time and is killed.")
    kill_group(kept.process.pid)
    kept.process.wait()
    if kept.reader:
        kept.reader.join(1)


def _reason(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
