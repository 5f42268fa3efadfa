"""Which names a house answers to, for what it listens on."""

import psutil
import pytest

from ops import addresses
from ops.addresses import LOOPBACK_NAMES, is_loopback, names_for, nearest, public_url
from ops.embedded import broker_url


@pytest.mark.parametrize("listening", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback(listening: str):
    assert is_loopback(listening)
    assert names_for(listening) == LOOPBACK_NAMES


@pytest.mark.parametrize("listening", ["0.0.0.0", "::", "10.0.0.7", "fd00::7", "chat.example", ""])
def test_others_reach_it(listening: str):
    assert not is_loopback(listening)


def test_one_address_is_known_by_itself():
    assert names_for("10.0.0.7") == ["10.0.0.7", *LOOPBACK_NAMES]
    assert names_for("fd00::7") == ["[fd00::7]", *LOOPBACK_NAMES]
    assert public_url("fd00::7", 8000) == "http://[fd00::7]:8000"


def test_every_address_is_the_machine_s_own_never_a_wildcard():
    names = names_for("0.0.0.0")
    found = {each.address for several in psutil.net_if_addrs().values() for each in several}
    assert set(names) >= set(LOOPBACK_NAMES)
    assert "*" not in names
    assert {name.strip("[]") for name in names if name[0].isdigit()} <= found


@pytest.mark.parametrize(
    ("listening", "near"),
    [("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("::1", "[::1]"), ("10.0.0.7", "10.0.0.7")],
)
def test_nearest(listening: str, near: str):
    assert nearest(listening) == near


def test_defaults(monkeypatch):
    for name in ("HOST", "PORT"):
        monkeypatch.setenv(name, "")
    assert (addresses.host(), addresses.port()) == ("127.0.0.1", 8000)


@pytest.mark.parametrize(
    ("redis", "broker"),
    [
        ("redis://cache:6379/0", "redis://cache:6379/0"),
        ("rediss://:word@cache/1", "rediss://:word@cache/1"),
        ("unix:///tmp/a%20b/valkey.sock", "redis+socket:///tmp/a%20b/valkey.sock"),
        ("unix:///tmp/v.sock?db=3", "redis+socket:///tmp/v.sock?virtual_host=3"),
    ],
)
def test_celery_spells_sockets_its_own_way(redis: str, broker: str):
    assert broker_url(redis) == broker
