from celery import shared_task

from api import actions


@shared_task
def forget_kept_answers() -> None:
    actions.forget_kept_answers()
