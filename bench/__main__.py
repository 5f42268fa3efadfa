"""Measure everything: `python -m bench [part …]`; about half an hour.

Each part is a process that prints JSON objects. What they say is kept in `bench/results/` with the
machine, the day and the load; goals and misses are printed at the end. A part that fails is named
and makes the exit code 1; a missed goal does not: it is a finding.
"""

import argparse
import datetime as dt
import importlib.util
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil

from bench.figures import table

PARTS = ("chat", "articles", "api", "browser", "startup", "markdown", "reading", "ledger", "trail")
RESULTS = Path(__file__).parent / "results"
LONGEST_SECONDS = {"ledger": 1800}  # most parts: a few minutes
ELSE_SECONDS = 420


def measure(part: str) -> dict[str, Any]:
    """Run one part to its end; returns what it found, its load and how long it took."""
    print(f"Measuring {part} …", flush=True)
    started, load = time.monotonic(), os.getloadavg()
    command = [sys.executable, "-m", f"bench.{part}"]
    longest = LONGEST_SECONDS.get(part, ELSE_SECONDS)
    failed = ""
    try:
        ended = subprocess.run(
            command, stdout=subprocess.PIPE, text=True, timeout=longest, check=False
        )
        said = ended.stdout
        failed = f"exit code {ended.returncode}" if ended.returncode else ""
    except subprocess.TimeoutExpired as error:
        said = error.stdout.decode() if isinstance(error.stdout, bytes) else error.stdout or ""
        failed = f"not done after {longest} s"
    return {
        "found": [json.loads(line) for line in said.splitlines() if line.startswith("{")],
        "failed": failed,
        "load_average_before": load,
        "load_average_after": os.getloadavg(),
        "took_s": round(time.monotonic() - started, 1),
    }


def machine() -> dict[str, Any]:
    with open("/proc/cpuinfo") as told:
        models = [line.partition(":")[2].strip() for line in told if line.startswith("model name")]
    return {
        "cpu": models[0] if models else platform.processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "python": platform.python_version(),
        "system": platform.system(),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    known = [part for part in PARTS if importlib.util.find_spec(f"bench.{part}")]
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(known)}")
    given = parser.parse_args()
    if unknown := set(given.parts) - set(known):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    now = dt.datetime.now(dt.UTC)
    parts = {part: measure(part) for part in given.parts or known}
    result = {"date": now.isoformat(timespec="seconds"), "machine": machine(), "parts": parts}
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{now:%Y-%m-%d-%H%M}.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    for name, part in parts.items():
        for found in part["found"]:
            if goals := found.get("goals"):
                print(f"\n{name}: {found.get('scenario', '')}\n{table(goals)}")
        if part["failed"]:
            print(f"\n{name} FAILED: {part['failed']}")
    print(f"\nKept in {path}")
    return int(any(part["failed"] for part in parts.values()))


if __name__ == "__main__":
    sys.exit(main())
