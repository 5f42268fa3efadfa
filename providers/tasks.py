from celery import shared_task

from providers import actions


@shared_task
def erase_retired_secrets() -> None:
    actions.erase_retired_secrets()
