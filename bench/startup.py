"""What a fresh clone costs: `python -m bench.startup` runs `make run` twice in one.

Timed from the command to the line with the address. Pip takes packages from wherever it is set up
to (its cache, an index); a slow network is in the first figure. Memory is the proportional set size
half a minute after the start, with nobody connected. Prints JSON.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from bench.figures import Goal

BASE_DIR = Path(__file__).resolve().parent.parent
IDLE_SECONDS = 30.0
GIVEN = ("DATABASE_URL", "REDIS_URL", "CAUSERIE_DATA_DIR", "EMBEDDED_MODEL", "HOST", "MAKEFLAGS")


def clone(folder: Path) -> None:
    """Copy the files that git knows, as they are now."""
    names = subprocess.check_output(["git", "ls-files", "-z"], cwd=BASE_DIR, text=True)
    for name in filter(None, names.split("\0")):
        if (BASE_DIR / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(BASE_DIR / name, folder / name)


def start(folder: Path, port: int) -> tuple[subprocess.Popen[str], float]:
    """Run `make run` until it tells its address; return it and the seconds it took."""
    began = time.monotonic()
    environment = {name: value for name, value in os.environ.items() if name not in GIVEN}
    process = subprocess.Popen(
        ["make", "run", f"PORT={port}", f"PYTHON={sys._base_executable}"],  # type: ignore[attr-defined]
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=sys.stderr,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "is ready at" in line:
            return process, time.monotonic() - began
        print(line.rstrip(), file=sys.stderr)
    raise RuntimeError(f"make run ended with {process.wait()}")


def memory(folder: Path) -> dict[str, float]:
    """Return the proportional set size of each part, its children included, in MiB."""
    parts = {}
    for entry in json.loads((folder / "data" / "processes.json").read_text()):
        process = psutil.Process(entry["pid"])
        family = [process, *process.children(recursive=True)]
        parts[entry["name"]] = sum(each.memory_full_info().pss for each in family) / 2**20
    return parts


def size(folder: Path) -> float:
    """Return what a folder takes on disk, in MB."""
    blocks = sum(path.lstat().st_blocks for path in folder.rglob("*"))
    return blocks * 512 / 1e6


def stop(process: subprocess.Popen[str], folder: Path) -> None:
    """End it as Ctrl-C does; make itself would not pass SIGINT on."""
    holder = re.match(r"\d+", (folder / "data" / "up.lock").read_text())
    assert holder is not None
    os.kill(int(holder[0]), signal.SIGINT)
    process.communicate(timeout=60)


def measure(folder: Path, port: int) -> dict[str, Any]:
    clone(folder)
    process, first = start(folder, port)
    try:
        time.sleep(IDLE_SECONDS)
        parts = memory(folder)
    finally:
        stop(process, folder)
    process, second = start(folder, port)
    stop(process, folder)
    disk = {name: size(folder / name) for name in (".venv", "data")}
    ours = parts["web"] + parts["worker"]  # beat is a thread of the worker here
    return {
        "scenario": "make run on a fresh clone",
        "memory_mib": {name: round(value, 1) for name, value in parts.items()},
        "disk_mb": {name: round(value, 1) for name, value in disk.items()},
        "goals": [
            Goal("first start to ready", first, most=90, unit="s").json(),
            Goal("second start to ready", second, most=8, unit="s").json(),
            Goal("web + worker with beat, idle", ours, most=420, unit="MiB").json(),
            Goal("on disk", sum(disk.values()), most=900, unit="MB").json(),
        ],
    }


def main() -> None:
    from bench.house import _free_port

    with tempfile.TemporaryDirectory(prefix="causerie-startup-") as folder:
        print(json.dumps(measure(Path(folder), _free_port())))


if __name__ == "__main__":
    main()
