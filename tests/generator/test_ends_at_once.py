"""Parts of one text that end beside each other: nobody waits for whom waits for them."""

import contextlib
import threading
import uuid

import pytest
from django.db.models.functions import Now

from generator import steps
from generator.actions import add_variant, delete_work, pick_variant, resume_variant, stop_variant
from generator.models import Step, Variant, Work
from runs.actions import begin_attempt, finish
from runs.claims import claim
from runs.models import Run
from runs.states import State
from runs.sweeper import end_expired
from tests.generator.readers import answer, filled, queued, variant_of
from tests.generator.test_long_material import pages
from tests.threads import in_threads
from usage.limits import set_limits
from usage.models import UsageRecord

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 6


@pytest.fixture
def summary(owner, model) -> Variant:
    set_limits(owner, requests_per_minute=1000)
    return variant_of(owner, model, "summary", filled("summary", text=pages(5)))


def begun(step: Step):
    """Return the step's Run as a worker has it whose call is on its way."""
    run = claim(step.run_id, "test")
    return run, begin_attempt(run, 1)


def test_the_sweeper_ends_one_part_while_a_worker_ends_another(summary, monkeypatch):
    dead, _its_call = begun(queued(summary)[0])
    run, call = begun(queued(summary)[0])
    Run.objects.filter(pk=dead.pk).update(first_text_at=Now(), lease_expires_at=Now())
    worker_has_it, sweeper_comes = threading.Event(), threading.Event()
    lock = steps.lock

    def in_this_order(variant: Variant) -> Variant:
        if threading.current_thread().name == "sweeper":
            sweeper_comes.set()
            worker_has_it.wait(5)
            return lock(variant)
        locked = lock(variant)
        worker_has_it.set()
        sweeper_comes.wait(5)
        return locked

    def sweep() -> None:
        threading.current_thread().name = "sweeper"
        end_expired(dead.pk)

    def work() -> None:
        assert finish(run, State.DONE, text="A note.", call=call, finish_reason="stop")

    monkeypatch.setattr("generator.steps.lock", in_this_order)
    in_threads(sweep, work)
    states = dict(summary.steps.filter(run__in=[dead, run]).values_list("run", "run__state"))
    assert states == {dead.pk: "interrupted", run.pk: "done"}
    assert not UsageRecord.objects.filter(state=UsageRecord.State.HELD).exists()


def test_deleting_beside_everything_else(owner, model):
    """Each finds what it looks for, or nothing: no fault, and nothing stays behind."""
    for _round in range(ROUNDS):
        variant = variant_of(owner, model, "summary", filled("summary", text=pages(3)))
        other = add_variant(variant.work, model, uuid.uuid4())
        answer(queued(other)[0], "", State.FAILED)
        first, second, *_others = [claim(step.run_id, "test") for step in queued(variant)]
        work = Work.objects.get(pk=variant.work_id)

        def unless_gone(act, *args, **options) -> None:
            with contextlib.suppress(Work.DoesNotExist, Variant.DoesNotExist):
                act(*args, **options)

        in_threads(
            lambda work=work: delete_work(work),
            lambda work=work: unless_gone(add_variant, work, model, uuid.uuid4()),
            lambda variant=variant: unless_gone(pick_variant, variant),
            lambda variant=variant: unless_gone(stop_variant, variant),
            lambda other=other: unless_gone(resume_variant, other, model),
            lambda run=first: finish(run, State.DONE, text="A note.", finish_reason="stop"),
            lambda run=second: finish(run, State.FAILED, text="", error_kind="cut_stream"),
        )
        assert not Work.objects.exists()
        assert not Step.objects.exists()
        live = Run.objects.live().values_list("state", "stop_requested_at")
        assert all(state == State.RUNNING and stopped for state, stopped in live)
