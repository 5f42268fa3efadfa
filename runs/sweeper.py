"""The sweeper: re-enqueues Runs whose hint was lost and ends those whose worker died.

It also ends what people left queued who were suspended: no worker takes that.
"""

import datetime as dt
import logging
from uuid import UUID

import redis
from django.db import transaction
from django.db.models.functions import Now

from providers.errors import WorkerLost
from providers.tokens import count
from providers.values import Usage
from runs import actions
from runs.buffer import seal
from runs.models import Attempt, Run
from runs.states import State
from usage.actions import Settlement, settle

logger = logging.getLogger(__name__)

HINT_AFTER = dt.timedelta(seconds=3)
AT_ONCE = 100
MOST_CLAIMS = 6  # by workers that died before they showed anything


def sweep_runs() -> None:
    """Look once for lost and for forgotten Runs, and for those of people who were suspended."""
    for run_id in Run.objects.expired().values_list("pk", flat=True)[:AT_ONCE]:
        try:
            end_expired(run_id)
        except Exception:  # one Run that cannot be ended must not keep the others
            logger.exception("run %s could not be ended", run_id)
    for run in Run.objects.forsaken()[:AT_ONCE]:
        actions.request_stop(run)
    waiting = Run.objects.fairest_first().filter(created_at__lt=Now() - HINT_AFTER)
    for run_id in waiting.values_list("pk", flat=True)[:AT_ONCE]:
        actions.hint_worker(run_id)


def end_expired(run_id: UUID) -> None:
    """End a Run whose lease ran out, or queue it again where nothing was shown.

    The row is locked first, so that no lease is renewed meanwhile; a worker that was frozen with
    the lock in its hands is passed over until the database ends its session. Then the fence is
    raised in Redis: from here on the old worker, should it come back, can neither add to the
    buffer nor show anything, and what readers saw is all in the buffer.
    """
    with transaction.atomic():
        locked = Run.objects.expired().select_for_update(of=("self",), skip_locked=True)
        run = locked.select_related("model").filter(pk=run_id).first()
        if run is None:
            return
        text = _merged_text(run)
        written = text.removeprefix(run.prefix)
        _end(run, text)
        _settle_open_attempts(run, written)  # last, as in `finish`


def _end(run: Run, text: str) -> None:
    """Queue it again where nothing was shown; else it is over, with `text`."""
    if run.first_text_at is None and run.stop_requested_at is None:
        if run.fence < MOST_CLAIMS:
            actions.requeue(run)
            transaction.on_commit(lambda: actions.hint_worker(run.pk))
        else:
            actions.finish(run, State.FAILED, text=run.prefix, error_kind="internal")
        return
    state = State.STOPPED if run.stop_requested_at else State.INTERRUPTED
    lost = WorkerLost.kind if state is State.INTERRUPTED else ""
    actions.finish(run, state, text=text, error_kind=lost)


def _merged_text(run: Run) -> str:
    """Return the longer of the checkpointed text and the buffer that continues it."""
    try:
        buffered = seal(run.pk, run.fence)
    except redis.RedisError:
        logger.warning("no redis to ask for the newest text of run %s", run.pk)
        return run.text
    return buffered if buffered.startswith(run.text) else run.text


def _settle_open_attempts(run: Run, text: str) -> None:
    """Charge what the dead worker's calls wrote, by estimate: nobody heard the real count."""
    for attempt in Attempt.objects.filter(run=run, ended_at=None).select_related(
        "usage__deployment"
    ):
        spec = attempt.usage.deployment
        written = count(text, spec) if spec else attempt.usage.held_output_tokens
        estimate = Usage(input_tokens=attempt.usage.held_input_tokens, output_tokens=written)
        attempt.ended_at = Now()
        attempt.error_kind = WorkerLost.kind
        attempt.save()  # first, as its own worker does, should that come back just now
        settle(attempt.usage, Settlement(estimate, is_reported=False, outcome=WorkerLost.kind))
