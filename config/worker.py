"""The worker process: `python -m config.worker` runs the tasks of both queues in threads."""

import warnings

from celery.platforms import SecurityWarning

from config.celery import app

COMMAND = [
    "--quiet",
    "worker",
    *("--pool", "threads"),
    *("--queues", "interactive,background"),
    *("--loglevel", "WARNING"),
    # Workers need no gossip: leases in Postgres say who does what.
    *("--without-gossip", "--without-mingle", "--without-heartbeat"),
]


def main() -> None:
    # `make run` as root is a supported way; the tasks are JSON, not pickles.
    warnings.filterwarnings("ignore", "You're running the worker with superuser", SecurityWarning)
    app.start(COMMAND)


if __name__ == "__main__":
    main()
