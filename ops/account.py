"""The system account of the embedded servers, needed only where Causerie itself runs as root."""

import os
import pwd
import shutil
import stat
import subprocess
from pathlib import Path

from ops.errors import CannotStart

NAME = "causerie"
MARK = "postgres.password"  # lies in every data folder


def account_for(folder: Path) -> pwd.struct_passwd | None:
    """Return whom the embedded servers run as: None (this user), or an account when this is root.

    Postgres refuses to run as root. A folder that somebody else made before stays theirs.
    """
    if os.geteuid() != 0:
        return None
    if folder.exists() and (owner := folder.stat().st_uid) != 0:
        try:
            return pwd.getpwuid(owner)
        except KeyError:
            pass  # from another machine: give_to() hands it over
    try:
        return pwd.getpwnam(NAME)
    except KeyError:
        return _make_account()


def _make_account() -> pwd.struct_passwd:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    options = ["--system", "--user-group", "--no-create-home", "--shell", "/bin/false"]
    made = useradd and subprocess.run([useradd, *options, NAME], capture_output=True, check=False)
    try:
        return pwd.getpwnam(NAME)
    except KeyError:
        reason = made.stderr.decode().strip() if made else "there is no useradd"
        raise CannotStart(
            f"Postgres does not run as root, and the account {NAME!r} cannot be made ({reason}): "
            "start Causerie as another user, or set DATABASE_URL."
        ) from None


def give_to(account: pwd.struct_passwd | None, folder: Path) -> None:
    """Hand `folder` and what is in it to `account`, and let it pass through the folders above."""
    if account is None:
        return
    let_pass(account, folder)
    if folder.stat().st_uid == account.pw_uid:
        return
    for path in (folder, *folder.rglob("*")):
        os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)


def let_pass(account: pwd.struct_passwd | None, path: Path) -> None:
    """Let `account` pass through (not list) the folders above `path`."""
    if account is None:
        return
    for folder in path.parents:
        mode = folder.stat()
        if mode.st_uid != account.pw_uid and not mode.st_mode & stat.S_IXOTH:
            if not (folder / MARK).exists():  # the data folder is ours to arrange
                print(f"Letting {account.pw_name!r} pass through {folder} (chmod o+x) …")
            folder.chmod(stat.S_IMODE(mode.st_mode) | stat.S_IXOTH)
