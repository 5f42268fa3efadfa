"""Tasks of the house itself."""

from celery import shared_task

from ops import worker_watch


@shared_task(name="ops.canary")
def canary() -> None:
    """Show that this worker still takes tasks from Redis."""
    worker_watch.note_canary()
