"""One part of the running house: a child process, how it starts, when it is ready, how it ends."""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ops.errors import CannotStart
from ops.places import BASE_DIR

LOG_KEPT_BYTES = 2**20
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Part:
    """What to start. `log` None means that its lines are for the reader of the terminal."""

    name: str
    command: Sequence[str | Path]
    ready: Callable[[], bool]
    environment: Mapping[str, str] = field(default_factory=dict)
    account: pwd.struct_passwd | None = None
    log: Path | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    start_seconds: float = 60.0
    stop_seconds: float = 10.0

    def start(self) -> subprocess.Popen[bytes]:
        """Start the child in a session of its own: Ctrl-C reaches the supervisor only.

        Raises `CannotStart` when the program is not there or may not be run.
        """
        output = self._open_log()
        try:
            return subprocess.Popen(
                [os.fspath(word) for word in self.command],
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/" if self.account else BASE_DIR,
                user=self.account.pw_uid if self.account else None,
                group=self.account.pw_gid if self.account else None,
                extra_groups=[] if self.account else None,
                start_new_session=True,
                preexec_fn=self._die_with_parent if _libc else None,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise CannotStart(f"{self.name} cannot be run: {error}.") from error
        finally:
            if output != subprocess.PIPE:
                os.close(output)

    def _die_with_parent(self) -> None:
        # In the child, between fork and exec: when the supervisor is killed, the kernel ends this.
        if _libc is not None:
            _libc.prctl(PR_SET_PDEATHSIG, int(self.stop_signal))

    def _open_log(self) -> int:
        if self.log is None:
            return subprocess.PIPE
        if self.log.exists() and self.log.stat().st_size > LOG_KEPT_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        return os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def wait_ready(
        self, process: subprocess.Popen[bytes], cancelled: Callable[[], bool] = bool
    ) -> None:
        """Return once the child answers, or `cancelled`.

        Raises `CannotStart` with its last words when it ends instead or takes too long.
        """
        deadline = time.monotonic() + self.start_seconds
        while not cancelled() and not self.ready():
            if process.poll() is not None:
                raise CannotStart(f"{self.name} ended at its start. {self.last_words()}")
            if time.monotonic() > deadline:
                raise CannotStart(f"{self.name} did not answer within {self.start_seconds:.0f} s.")
            time.sleep(0.02)

    def last_words(self) -> str:
        """Return the last line of the log and where the rest is."""
        if self.log is None or not self.log.exists():
            return ""
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return f"It said: {lines[-1] if lines else '(nothing)'} (see {self.log})"


def stop(part: Part, process: subprocess.Popen[bytes], seconds: float | None = None) -> None:
    """End the child and everything it started, politely first."""
    if process.poll() is None:
        process.send_signal(part.stop_signal)
        with suppress(subprocess.TimeoutExpired):
            process.wait(part.stop_seconds if seconds is None else seconds)
    kill_group(process.pid)
    process.wait()


def kill_group(pid: int) -> None:
    """Kill what is left of the process group that a part led."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
