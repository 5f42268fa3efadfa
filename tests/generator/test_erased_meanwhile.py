"""A person is erased while parts of their text end: nobody fails, and nothing stays."""

import threading
import time

import pytest
from django.db import OperationalError, connection

from accounts.actions import erase_user
from accounts.models import User
from generator import steps
from generator.models import Step, Variant, Work
from runs.actions import finish
from runs.claims import claim
from runs.models import Run
from runs.states import State
from tests.generator.readers import filled, queued, variant_of
from tests.generator.test_long_material import pages
from tests.people import make_administrator
from tests.threads import in_threads

pytestmark = pytest.mark.django_db(transaction=True)


def _wait_until_somebody_waits_for_a_lock() -> None:
    for _look in range(500):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.01)


def test_a_part_that_ends_while_its_person_is_erased(owner, model, monkeypatch):
    """The worker has the Run and wants its variant, the other way round than a delete."""
    make_administrator()
    variant = variant_of(owner, model, "summary", filled("summary", text=pages(4)))
    run = claim(queued(variant)[0].run_id, "test")
    assert run is not None
    has_run = threading.Event()
    lock = steps.lock

    def when_the_other_waits(wanted: Variant) -> Variant:
        has_run.set()
        _wait_until_somebody_waits_for_a_lock()
        return lock(wanted)

    def work() -> None:
        try:
            finish(run, State.DONE, text="A note.", finish_reason="stop")
        except OperationalError:  # as the engine does
            finish(run, State.DONE, text="A note.", finish_reason="stop")

    def erase() -> None:
        assert has_run.wait(5)
        erase_user(User.objects.get(pk=owner.pk))

    monkeypatch.setattr("generator.steps.lock", when_the_other_waits)
    in_threads(work, erase)
    assert not User.objects.filter(pk=owner.pk).exists()
    assert not Work.objects.exists()
    assert not Step.objects.exists()
    assert Run.objects.get(pk=run.pk).state == State.DONE
    assert not Run.objects.exclude(user=None).exists()
