"""What the environment says, read once: paths, secrets and addresses for `config.settings`."""

import os

import environ

from ops import addresses
from ops.places import BASE_DIR, data_dir, kept_secret

__all__ = ["BASE_DIR", "DATA_DIR", "HOST", "PORT", "env", "secret_from"]

env = environ.Env()
# An empty variable is one that is not set: so Compose and copies of `.env.example` mean it.
env.ENVIRON = {name: value for name, value in os.environ.items() if value}
DATA_DIR = data_dir()
# Where the web process listens.
HOST = addresses.host()
PORT = addresses.port()


def secret_from(variable: str, file_name: str) -> str:
    """Return the secret in `variable`, else the one kept in the data folder.

    At the first start the file is made, readable by its owner only. Losing it signs everybody
    out (`secret.key`) or makes stored credentials unreadable (`master.key`): back it up.
    """
    return env(variable, default="") or kept_secret(DATA_DIR / file_name)
