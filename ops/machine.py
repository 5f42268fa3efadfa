"""Say in one sentence when Causerie cannot run on this machine: `python3 ops/machine.py`.

The Makefile asks before it installs anything, so this file must be read by any old Python 3 and
imports nothing but the standard library.
"""

import platform
import sys

OLDEST = (3, 11)
KNOWN = {("Linux", "x86_64"), ("Linux", "aarch64"), ("Darwin", "arm64"), ("Darwin", "x86_64")}


def complaint():
    """Return why this machine will not do, or an empty string."""
    if sys.version_info < OLDEST:
        found = f"{sys.executable} is {platform.python_version()}"
        return "Causerie needs Python 3.11 or newer, and " + found + ": make run PYTHON=…"
    system, kind = platform.system(), platform.machine()
    if (system, kind) not in KNOWN:
        found = f"{system} on {kind}"
        return (
            "Causerie runs on Linux and macOS (64 bits, Intel or ARM), and this is "
            + found
            + "; on Windows use WSL."
        )
    if system == "Linux" and platform.libc_ver()[0] != "glibc":
        return "Causerie's parts need a Linux with glibc (Alpine has another): use the Dockerfile."
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        return (
            "Python's venv is missing: install it (Debian, Ubuntu: apt-get install python3-venv)."
        )
    return ""


if __name__ == "__main__":
    sys.exit(complaint() or None)
