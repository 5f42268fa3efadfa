"""As root the embedded servers run as another account, which gets no more rights than it needs."""

import os
import pwd
import stat
from pathlib import Path

import pytest

from ops import account
from ops.account import account_for, give_to, let_pass

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="there is no other account to run as")


def test_whoever_is_not_root_runs_them(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert account_for(tmp_path / "postgres") is None
    give_to(None, tmp_path)
    let_pass(None, tmp_path / "below")
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


@as_root
def test_root_gives_them_an_account(tmp_path: Path):
    found = account_for(tmp_path / "postgres")
    assert found is not None
    assert found.pw_name == "causerie"
    assert found.pw_uid != 0


@as_root
def test_a_database_that_somebody_made_stays_theirs(tmp_path: Path):
    nobody = pwd.getpwnam("nobody")
    os.chown(tmp_path, nobody.pw_uid, nobody.pw_gid)
    assert account_for(tmp_path) == nobody


@as_root
def test_a_folder_is_handed_over_whole_and_those_above_let_pass_only(tmp_path: Path):
    nobody = pwd.getpwnam("nobody")
    cluster = tmp_path / "closed" / "data" / "postgres"
    cluster.mkdir(parents=True, mode=0o700)
    (tmp_path / "closed").chmod(0o700)
    (cluster / "file").touch()
    (cluster / "link").symlink_to("/etc/passwd")
    give_to(nobody, cluster)
    assert {path.lstat().st_uid for path in (cluster, *cluster.iterdir())} == {nobody.pw_uid}
    assert Path("/etc/passwd").stat().st_uid == 0
    assert stat.S_IMODE((tmp_path / "closed").stat().st_mode) == 0o701


@as_root
def test_without_useradd_it_says_what_to_do(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(account, "NAME", "nobody-of-this-name")
    monkeypatch.setattr("ops.account.shutil.which", lambda *_, **__: None)
    with pytest.raises(account.CannotStart, match="set DATABASE_URL"):
        account_for(tmp_path / "postgres")
