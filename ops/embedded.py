"""Addresses of the database, of Redis and of the model: given, or the embedded servers'.

Settings ask here at import; nothing needs to run for that.
"""

import os
from pathlib import Path
from urllib.parse import quote, urlsplit

from ops.places import kept_secret, socket_dir

DATABASE_NAME = "causerie"
# The embedded model's port, picked at its first start and kept while it is free.
MODEL_PORT_FILE = "model.port"


def database_url(data: Path) -> str:
    """Return `DATABASE_URL`, else the embedded Postgres's address below `data`."""
    given = os.environ.get("DATABASE_URL")
    return given or postgres_url(data, DATABASE_NAME, DATABASE_NAME)


def postgres_url(data: Path, role: str, database: str) -> str:
    """Return the embedded Postgres's address for `role`; its password is made when missing."""
    password = kept_secret(data / "postgres.password")
    return f"postgres://{role}:{password}@/{database}?host={quote(str(socket_dir(data)))}"


def redis_url(data: Path) -> str:
    """Return `REDIS_URL`, else the embedded Valkey's address below `data`."""
    return os.environ.get("REDIS_URL") or f"unix://{quote(str(socket_dir(data)))}/valkey.sock"


def broker_url(redis: str) -> str:
    """Return a Redis address in the spelling that Celery knows for unix sockets."""
    parts = urlsplit(redis)
    if parts.scheme != "unix":
        return redis
    return f"redis+socket://{parts.path}" + parts.query.replace("db=", "?virtual_host=")


def model_wanted() -> bool:
    """Whether the embedded model is to run: always, unless `EMBEDDED_MODEL=off`."""
    return os.environ.get("EMBEDDED_MODEL", "on").lower() not in {"off", "0", "false", "no"}


def model_url(data: Path) -> str | None:
    """Return the embedded model's OpenAI-compatible base URL, None when it is off or unknown."""
    path = data / MODEL_PORT_FILE
    if not model_wanted() or not path.exists():
        return None
    return f"http://127.0.0.1:{path.read_text().strip()}/v1"


def model_key(data: Path) -> str | None:
    """Return the key that the embedded model's server asks for, None when the model is off."""
    return kept_secret(data / "model.key") if model_wanted() else None
