"""The browser of the browser tests: found on this machine, or installed by `make test`.

`python -m tests.chromium` installs it where it is missing: with apt-get for root on Debian and
Ubuntu, else with Playwright's own installer. Where neither works the browser tests fail by name.
"""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
# No sandbox: the tests run as root in containers, and visit only their own pages.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


class NoBrowser(Exception):
    """There is no Chromium, and it could not be installed."""


@cache
def path() -> str:
    """Return the browser's program: `CHROMIUM`, else one of the system, else Playwright's own."""
    given = os.environ.get("CHROMIUM")
    found = given or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None and Path(MAC).exists():
        found = MAC
    if found is None:
        from playwright.sync_api import sync_playwright

        with sync_playwright() as playwright:
            own = playwright.chromium.executable_path
        found = own if Path(own).exists() else None
    if found is None:
        raise NoBrowser("no Chromium: install one, or name it in the variable CHROMIUM")
    return found


def install() -> None:
    """Install Chromium, quietly."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        packages = ["chromium", "fonts-noto-cjk"]
        command = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", *packages]
        subprocess.run(["apt-get", "update", "-qq"], env=environment, check=False)
        if subprocess.run(command, env=environment, check=False).returncode == 0:
            return
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)


def main() -> None:
    try:
        path()
    except NoBrowser:
        print("Installing Chromium for the browser tests …", flush=True)
        install()
        path.cache_clear()
        try:
            path()
        except NoBrowser as error:
            print(f"The browser tests will fail: {error}.", flush=True)


if __name__ == "__main__":
    main()
