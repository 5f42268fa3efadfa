"""What keeps the house from starting is said in one sentence, and nothing is left half made."""

import os
import socket
from pathlib import Path

import pytest

from tests.ops.house import House


def refusal(data: Path, **environment: str) -> str:
    with House(data, EMBEDDED_MODEL="off", **environment) as house:
        assert house.ended() == 1
        assert "Traceback" not in house.output
        assert house.lines[-1].startswith("Causerie cannot start. ")
        assert house.processes() == []
        return house.lines[-1]


def test_a_port_in_use(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        assert f"127.0.0.1:{port} cannot be opened" in refusal(tmp_path / "data", PORT=port)
    assert not (tmp_path / "data" / "postgres").exists()


def test_an_address_that_is_not_ours(tmp_path: Path):
    assert "203.0.113.77" in refusal(tmp_path / "data", HOST="203.0.113.77")


@pytest.mark.parametrize("port", ["eighty", "0", "65536", "-1", "8e3", "８０００"])
def test_a_port_that_is_none(tmp_path: Path, port: str):
    assert f"PORT={port} is not a port number." in refusal(tmp_path / "data", PORT=port)


def test_a_folder_that_cannot_be_written(tmp_path: Path):
    if os.geteuid() == 0:  # root may write wherever there is a folder
        (tmp_path / "file").write_text("")
        data = tmp_path / "file" / "data"
    else:
        tmp_path.chmod(0o500)
        data = tmp_path / "data"
    assert f"The folder {data} cannot be made" in refusal(data)


def test_a_database_of_another_postgres(tmp_path: Path):
    cluster = tmp_path / "data" / "postgres"
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text("19\n")
    assert "belongs to Postgres 19" in refusal(tmp_path / "data")


def test_a_database_that_does_not_answer(tmp_path: Path):
    url = "postgres://nobody:hush-hush@127.0.0.1:1/none"
    given = {"DATABASE_URL": url, "DATABASE_SECONDS": "1"}
    with House(tmp_path / "data", EMBEDDED_MODEL="off", **given) as house:
        assert house.ended() == 1
        assert "The database does not answer" in house.output
        assert "Traceback" not in house.output
        assert "hush-hush" not in house.output
