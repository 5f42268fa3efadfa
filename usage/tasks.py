from celery import shared_task

from usage import actions, days, rollups, warnings


@shared_task
def release_expired_holds() -> None:
    actions.release_expired_holds()


@shared_task
def warn_of_budgets() -> None:
    warnings.warn_of_budgets()


@shared_task
def roll_up() -> None:
    rollups.roll_up()
    days.add_up_days()
