"""What happens to a Run. Each verb is one transaction, and each is refused to an old fence."""

import datetime as dt
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Now

from accounts.models import User
from ops.audit.acts import Act
from ops.audit.trail import record
from providers.errors import ModelWithdrawn
from providers.models import ModelSpec
from runs.doors import door_of
from runs.hints import publish, send_task
from runs.models import Attempt, Run
from runs.states import State
from usage.actions import account_of, release
from usage.metered import MeteredCall, open_call
from usage.models import Payer
from usage.peek import peek

BUSY_PATIENCE = 120.0  # seconds for which a Run waits where keys or people are at their limits


class RunLost(Exception):
    """Another fence has the Run, or it ended."""


def lease_end() -> CombinedExpression:
    """Return the end of a lease taken now, by the database's clock."""
    return Now() + dt.timedelta(seconds=settings.RUN_LEASE_SECONDS)


def queue_run(
    *, door: str, topic: str, user: User, model: ModelSpec, client_id: UUID, prefix: str = ""
) -> Run:
    """Make a queued Run and, once committed, tell a worker.

    Raises `LimitReached` where it would wait in vain, and `django.db.IntegrityError` when the
    payer's `client_id` has its Run already.
    """
    account = account_of(user)
    peek(Payer(account.pk, user.pk), model, BUSY_PATIENCE)
    run = Run.objects.create(
        door=door,
        topic=topic,
        user=user,
        account=account,
        model=model,
        client_id=client_id,
        prefix=prefix,
        text=prefix,
    )
    transaction.on_commit(lambda: hint_worker(run.pk))
    return run


def hint_worker(run_id: UUID) -> None:
    """Ask for a worker. A lost hint costs time only: the sweeper asks again."""
    from runs.tasks import execute

    send_task(execute, str(run_id))


def begin_attempt(run: Run, number: int) -> MeteredCall:
    """Build the prompt, hold its cost and write down the `number`th attempt of this claim.

    Raises `ProviderError` where there is nothing that could be asked, and `RunLost`.
    """
    if number > 1:
        _look_again(run)
    if run.served_by is None or run.model is None or not run.model.is_for(run.user_id):
        raise ModelWithdrawn
    try:
        return _begin(run, run.served_by, number)
    except IntegrityError:
        # Another attempt is open: it was written by a transaction whose commit we never heard of,
        # and its call was not made. Those that were called are closed before a Run is claimed.
        with transaction.atomic():
            _lock(run)
            for attempt in run.attempts.filter(ended_at=None).select_related("usage"):
                attempt.delete()
                release(attempt.usage, "never_called")
        return _begin(run, run.served_by, number)


def _look_again(run: Run) -> None:
    """Read the model and its deployment as they are now: an attempt may have waited for long."""
    specs = ModelSpec.objects.select_related("provider").filter(is_enabled=True)
    found = specs.in_bulk({run.model_id, run.served_by_id})
    run.model, run.served_by = found.get(run.model_id), found.get(run.served_by_id)
    if run.served_by is not None and not run.served_by.is_answering:
        run.served_by = None


def _begin(run: Run, model: ModelSpec, number: int) -> MeteredCall:
    with transaction.atomic():
        prompt = door_of(run).build(run, model)
        _lock(run)
        call = open_call(run.payer, run.door, model, prompt, run.model)
        Attempt.objects.create(run=run, fence=run.fence, number=number, usage=call.record)
    return call


def _lock(run: Run) -> None:
    """Lock the Run, where it is still ours. Raises `RunLost`."""
    ours = Run.objects.filter(pk=run.pk, fence=run.fence, state=State.RUNNING)
    if not list(ours.select_for_update().values_list("pk")):
        raise RunLost


def note_wait(run: Run, kind: str) -> None:
    """Tell readers which limit the Run waits at (an error's `kind`), or by "" that none is left."""
    ours = Run.objects.filter(pk=run.pk, fence=run.fence, state=State.RUNNING)
    if ours.update(error_kind=kind):
        publish(run.topic, {"type": "run.changed", "run": str(run.pk)})
    run.error_kind = kind


def end_attempt(call: MeteredCall, outcome: str, error_kind: str = "") -> None:
    """Close one call and its hold; after an error another attempt may follow."""
    with transaction.atomic(savepoint=False):
        Attempt.objects.filter(usage=call.record, ended_at=None).update(
            ended_at=Now(), error_kind=error_kind
        )
        call.close(outcome)


def finish(
    run: Run,
    state: State,
    *,
    was: State = State.RUNNING,
    text: str,
    call: MeteredCall | None = None,
    finish_reason: str = "",
    error_kind: str = "",
) -> bool:
    """End a Run: text, state, usage and cost in one transaction; `False` for an old fence.

    The call is settled even when the Run was lost, since the provider charges for it. An answer
    that is done may have an `error_kind`, too: that of the limit that cut it short.
    """
    with transaction.atomic():
        ended = Run.objects.filter(pk=run.pk, fence=run.fence, state=was).update(
            state=state,
            text="",  # the door keeps it from now on, and deletes it with its own row
            prefix="",
            finish_reason=finish_reason,
            error_kind=error_kind,
            lease_expires_at=None,
            finished_at=Now(),
        )
        if ended:
            run.state, run.text = state, text
            run.finish_reason, run.error_kind = finish_reason, error_kind
            door_of(run).finish(run)
            transaction.on_commit(lambda: _finished(run))
        if call is not None:  # last: what it locks, many others wait for
            failed = "" if finish_reason else error_kind
            end_attempt(call, finish_reason or error_kind or state.value, failed)
    return bool(ended)


def _finished(run: Run) -> None:
    publish(run.topic, {"type": "run.changed", "run": str(run.pk)})
    door_of(run).finished(run)


def requeue(run: Run, call: MeteredCall | None = None) -> bool:
    """Give a Run back with nothing shown, so that any worker may take it."""
    with transaction.atomic():
        given = Run.objects.filter(
            pk=run.pk, fence=run.fence, state=State.RUNNING, first_text_at=None
        ).update(
            state=State.QUEUED, lease_expires_at=None, text=F("prefix"), worker="", error_kind=""
        )
        if call is not None:  # last, as in `finish`; the sweeper has the same order
            end_attempt(call, "handed_over")
    return bool(given)


def request_stop(run: Run) -> None:
    """End a queued Run at once; ask the worker of a running one, which looks twice a second."""
    with transaction.atomic():
        locked = Run.objects.select_for_update(of=("self",)).get(pk=run.pk)
        if locked.state == State.QUEUED:
            finish(locked, State.STOPPED, was=State.QUEUED, text=locked.text)
        elif locked.state == State.RUNNING and locked.stop_requested_at is None:
            locked.stop_requested_at = Now()
            locked.save(update_fields=["stop_requested_at"])


@transaction.atomic
def stop_anothers(run: Run) -> None:
    """Stop a Run as somebody else than its owner; the audit trail has that it was done."""
    request_stop(run)
    record(Act.RUN_STOPPED, run, owner=run.user_id)
