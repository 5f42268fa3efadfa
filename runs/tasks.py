"""Celery's side of the engine: hand a Run over, sweep, drain at the end."""

from uuid import UUID

from celery import shared_task
from celery.signals import worker_ready, worker_shutdown, worker_shutting_down
from django.conf import settings

from runs.engine import engine, started_engine
from runs.sweeper import sweep_runs
from usage.metered import warm_up


@shared_task
def execute(run_id: str) -> None:
    """Hand the Run to this process's engine. Delivered twice, it is claimed once."""
    engine().submit(UUID(run_id))


@shared_task
def sweep() -> None:
    sweep_runs()


@worker_ready.connect
def start_engine(**_: object) -> None:
    """Spend the second that the first answer would wait for."""
    warm_up()
    engine()


@worker_shutting_down.connect
def claim_nothing_more(**_: object) -> None:
    if started := started_engine():
        started.draining = True


@worker_shutdown.connect
def drain(**_: object) -> None:
    if started := started_engine():
        started.drain(settings.RUN_DRAIN_SECONDS)
