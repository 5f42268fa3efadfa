"""Where things lie: the data folder, its secrets and the folder of the sockets.

Nothing here needs Django or a running server, so that settings and the supervisor can both ask.
"""

import hashlib
import os
import secrets
from pathlib import Path

from ops.errors import CannotStart

BASE_DIR = Path(__file__).resolve().parent.parent
# Linux takes 107 bytes for a socket's path, macOS 103; Postgres's file name is the longest.
LONGEST_SOCKET_PATH = 100
LONGEST_SOCKET_NAME = ".s.PGSQL.5432.lock"


def data_dir() -> Path:
    """Return the folder of everything Causerie keeps: `CAUSERIE_DATA_DIR`, else `data/` here."""
    given = os.environ.get("CAUSERIE_DATA_DIR") or str(BASE_DIR / "data")
    return Path(given).expanduser().resolve()


def socket_dir(data: Path) -> Path:
    """Return the folder of the embedded servers' sockets; nobody else may enter it.

    It is `run/` in the data folder. Where that path is too long for a socket it is a folder in
    /tmp, named after the data folder, the same for every process that asks.
    """
    within = data / "run"
    if len(os.fsencode(within / LONGEST_SOCKET_NAME)) <= LONGEST_SOCKET_PATH:
        return within
    name = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    return Path("/tmp") / f"causerie-{os.geteuid()}-{name}"  # noqa: S108  checked when made


def make_private(folder: Path) -> None:
    """Make `folder`, for its owner alone; raise `CannotStart` when that is not allowed."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CannotStart(f"The folder {folder} cannot be made: {error.strerror}.") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise CannotStart(f"The folder {folder} is not writable for this user.")


def kept_secret(path: Path) -> str:
    """Return the secret in the file `path`; the first to ask makes it, readable by its owner only.

    Raises `CannotStart` when the file can be neither read nor made.
    """
    try:
        if not path.exists():
            _make_secret(path)
        return path.read_text().strip()
    except OSError as error:
        raise CannotStart(f"{path} cannot be read or made: {error.strerror}.") from error


def _make_secret(path: Path) -> None:
    make_private(path.parent)
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(48))
    try:
        os.link(partial, path)  # the first of several processes wins
    except FileExistsError:
        pass
    finally:
        partial.unlink()
