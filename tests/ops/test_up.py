"""`manage.py up` starts the whole house, mends it, and leaves nothing behind."""

import json
import os
import re
import signal
import stat
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from ops.embedded import postgres_url
from ops.places import socket_dir
from tests.ops.house import House, until


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with House(tmp_path_factory.mktemp("house") / "data", EMBEDDED_MODEL="on") as house:
        yield house.wait_ready()


def test_it_tells_its_progress_and_its_address(house: House):
    assert "Starting Postgres (making the database) …" in house.lines
    assert f"Causerie is ready at http://127.0.0.1:{house.port}" in house.output
    assert "Traceback" not in house.output
    told = [line for line in house.lines if not line.startswith("Letting")]  # as root
    assert len(told) < 12  # quiet by default


def test_health_is_plain(house: House):
    assert house.get("/healthz") == (200, "ok\n")
    status, body = house.get("/readyz")
    assert status == 200
    parts = dict.fromkeys(["database", "redis", "worker", "migrations"], True)
    assert json.loads(body) == {"ready": True, "parts": parts}


def test_a_second_start_on_the_same_data_is_refused(house: House):
    with House(house.data, EMBEDDED_MODEL="off") as second:
        assert second.ended() == 1
        assert f"process {house.process.pid}" in second.output
        assert second.output.startswith("Causerie cannot start. It already runs from")
        assert len(second.lines) == 1
        second.data = Path("/nothing-of-it")  # what it found running is not its own
    assert house.is_ready()


def test_postgres_wants_the_password(house: House):
    right = postgres_url(house.data, "causerie", "causerie")
    with psycopg.connect(right) as connection:
        assert connection.execute("SHOW is_superuser").fetchone() == ("off",)
    password = (house.data / "postgres.password").read_text()
    for wrong in (right.replace(f":{password}", ""), right.replace(password, "guess")):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(wrong, connect_timeout=5)


def test_the_embedded_servers_are_private(house: House):
    listening = {
        str(connection.laddr.port)
        for process in house.processes()
        for connection in process.net_connections(kind="tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {house.port, (house.data / "model.port").read_text()}
    assert stat.S_IMODE(socket_dir(house.data).stat().st_mode) == 0o700
    secrets = [*house.data.glob("*.key"), *house.data.glob("*.password")]
    assert len(secrets) == 4
    assert {stat.S_IMODE(path.stat().st_mode) for path in secrets} == {0o600}


@pytest.mark.model
def test_the_model_is_real_and_wants_its_key(house: House):
    port = (house.data / "model.port").read_text()
    question = [{"role": "user", "content": "What is the capital of France?"}]
    body = {"messages": question, "max_tokens": 16, "temperature": 0}
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/chat/completions",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(request, timeout=60)
    request.add_header("Authorization", f"Bearer {(house.data / 'model.key').read_text()}")
    with urllib.request.urlopen(request, timeout=60) as answer:
        said = json.load(answer)["choices"][0]["message"]["content"]
    assert re.search(r"[a-z]{3}", said)  # what it says differs from processor to processor


def test_a_killed_part_returns(house: House):
    for name in ("web", "worker", "Valkey", "Postgres", "the language model"):
        house.kill(name)
        assert f"{name} ended unexpectedly (signal SIGKILL)" in house.output
    until(house.is_ready, "ready again")


def test_ctrl_c_stops_everything(house: House):
    family = psutil.Process(house.process.pid).children(recursive=True)
    assert len(family) > 5  # Postgres has children of its own
    assert house.stop(signal.SIGINT) == 0
    assert house.lines[-1] == "Causerie has stopped."
    assert house.processes() == []
    assert not any(process.is_running() for process in family)
    assert not (house.data / "processes.json").exists()


def test_a_killed_supervisor_leaves_nothing_in_the_way(tmp_path: Path):
    data = tmp_path / "data"
    with House(data, EMBEDDED_MODEL="off") as first:
        first.wait_ready()
        left = first.pids()
        # The kernel ends the children; should one be left, the next start ends it.
        os.kill(left["worker"], signal.SIGSTOP)
        first.process.kill()
        first.process.wait()
        with House(data, EMBEDDED_MODEL="off") as second:
            second.wait_ready()
            assert "Ended what an earlier start left running" in second.output
            assert not psutil.pid_exists(left["worker"])
            assert set(left.values()).isdisjoint(second.pids().values())
            assert second.stop(signal.SIGTERM) == 0
        assert first.processes() == []


@pytest.mark.parametrize(
    ("names", "own"),
    [
        (("DATABASE_URL",), {"Valkey"}),
        (("REDIS_URL",), {"Postgres"}),
        (("DATABASE_URL", "REDIS_URL"), set()),
    ],
)
def test_given_servers_take_the_place_of_the_embedded_ones(tmp_path: Path, names, own):
    given = {name: os.environ[name] for name in names}
    with House(tmp_path / "data", EMBEDDED_MODEL="off", **given) as house:
        house.wait_ready()
        assert set(house.pids()) == {"web", "worker"} | own
        assert (house.data / "postgres").exists() == ("Postgres" in own)
        assert house.stop() == 0


def test_a_data_folder_may_lie_deep(tmp_path: Path):
    """Longer than a socket's path may be."""
    data = tmp_path / ("a folder with a long name " * 5).strip() / "data"
    with House(data, EMBEDDED_MODEL="off") as house:
        house.wait_ready()
        sockets = socket_dir(data)
        assert not sockets.is_relative_to(data)
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
        assert house.stop() == 0
        assert not sockets.exists()


def test_ctrl_c_while_it_starts(tmp_path: Path):
    with House(tmp_path / "data", EMBEDDED_MODEL="off") as house:
        until(lambda: "Preparing" in house.output, "preparing")
        assert house.stop() == 0
        assert house.processes() == []
        assert "Traceback" not in house.output
