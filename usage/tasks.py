from celery import shared_task

from usage import actions


@shared_task
def release_expired_holds() -> None:
    actions.release_expired_holds()
