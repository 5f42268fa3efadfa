"""An unsuited machine is told so in one sentence, by a file that any old Python can read."""

import ast
import platform
import subprocess
import sys

import pytest

from ops import machine
from tests.ops.house import ROOT


def test_this_machine_will_do():
    assert machine.complaint() == ""


@pytest.mark.parametrize(
    ("what", "value", "says"),
    [
        ("system", "Windows", "use WSL"),
        ("machine", "riscv64", "64 bits, Intel or ARM"),
        ("libc_ver", ("", ""), "glibc"),
    ],
)
def test_another_machine_will_not(monkeypatch, what: str, value: object, says: str):
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, what, lambda: value)
    sentence = machine.complaint()
    assert says in sentence
    assert "\n" not in sentence


def test_an_old_python_will_not(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 9))
    assert "needs Python 3.11 or newer" in machine.complaint()


def test_old_pythons_can_read_it():
    source = (ROOT / "ops" / "machine.py").read_text()
    ast.parse(source, feature_version=(3, 6))
    imported = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Import)]
    names = {alias.name for node in imported for alias in node.names}
    assert names <= sys.stdlib_module_names


def test_it_ends_with_one_line(tmp_path):
    """As the Makefile asks, with the interpreter of the tests."""
    ended = subprocess.run([sys.executable, ROOT / "ops" / "machine.py"], capture_output=True)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")
