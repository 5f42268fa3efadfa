"""The clock: `python -m config.beat` sends the scheduled tasks. Run exactly one."""

from celery.signals import before_task_publish

from config.celery import app
from ops import alive


@before_task_publish.connect
def note_life(**_: object) -> None:
    alive.touch()


if __name__ == "__main__":
    app.start(["--quiet", "beat", "--loglevel", "WARNING", "--pidfile", ""])
