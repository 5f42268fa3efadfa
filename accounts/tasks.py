from celery import shared_task

from accounts import actions


@shared_task
def forget_erased() -> None:
    actions.forget_erased()
