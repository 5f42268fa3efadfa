"""Every test: `python -m tests.everything [pytest's options]`, which `make test` runs.

First what can run side by side; then, alone, what drives a browser and what kills processes. Each
has a process of its own: the browser's event loop would be in the way of the others'.
"""

import subprocess
import sys

from tests import chromium

ALONE = ["tests/browser", "tests/faults"]


def main() -> int:
    chromium.main()
    pytest = [sys.executable, "-m", "pytest", *sys.argv[1:]]
    together = [*pytest, "-n", "2", "--dist", "loadfile", "tests"]
    together += [f"--ignore={folder}" for folder in ALONE]
    commands = [together, *([*pytest, folder] for folder in ALONE)]
    codes = [subprocess.run(command, check=False).returncode for command in commands]
    return int(any(codes))  # one that was killed has a negative code


if __name__ == "__main__":
    sys.exit(main())
