"""Who starts next, and at which of a model's deployments.

Each verb is one transaction. A provider that bears only so many streams has a line of its own: the
queued Runs of its own models. What spills over from other models takes a slot only where nobody
stands in that line.
"""

from collections.abc import Collection
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from providers.errors import ProviderError
from providers.models import ModelSpec, Provider
from providers.routing import deployments_for, next_after
from runs.actions import RunLost, lease_end
from runs.models import Run
from runs.states import State


def claim(run_id: UUID | None, worker: str) -> Run | None:
    """Take a queued Run; `None` when somebody else has it, it ended, or it may not start.

    A free slot of a provider goes to the fairest in its line, whichever was asked for. Without an
    id the fairest Run of any provider is taken.
    """
    if run_id is not None:
        found = Run.objects.startable().select_related("model__provider").filter(pk=run_id)
        return next((_claim(run, worker) for run in found), None)
    for provider in Provider.objects.filter(specs__runs__state=State.QUEUED).distinct():
        run = _line_of(provider).first()
        claimed = _claim(run, worker) if run is not None else None
        if claimed is not None:
            return claimed
    return None


def _claim(run: Run, worker: str) -> Run | None:
    """Take the Run, or a fairer one of its line, at the first deployment that has room.

    Where one is full, others of its priority may take over, but none that only stands in for it.
    """
    deployments = deployments_for(run.model) if run.model is not None else []
    if not deployments:
        return run if _take(run, worker, None) else None  # it ends with an error that says why
    last = max(each.priority for each in deployments)
    for deployment in deployments:
        if deployment.priority > last:
            continue
        if deployment.spec.provider.max_streams is None:
            return run if _take(run, worker, deployment.spec) else None
        claimed = _claim_slot(run, worker, deployment.spec)
        if claimed is not None:
            return claimed
        last = min(last, deployment.priority)
    return None


def _claim_slot(run: Run, worker: str, deployment: ModelSpec) -> Run | None:
    """Take the next of the provider's line where it has a free slot."""
    provider = deployment.provider
    with transaction.atomic():
        if not _has_room(provider):
            return None
        first = _line_of(provider).first()
        if first is None or first.pk == run.pk:
            return run if _take(run, worker, deployment) else None
        if run.model is None or run.model.provider_id != provider.pk:
            return None
        return first if _take(first, worker, _best_at(provider, first)) else None


def _best_at(provider: Provider, run: Run) -> ModelSpec | None:
    """Return the first of the Run's deployments at this provider; none of a model switched off."""
    deployments = deployments_for(run.model) if run.model is not None else []
    here = (each.spec for each in deployments if each.spec.provider_id == provider.pk)
    return next(here, None)


def _line_of(provider: Provider) -> "QuerySet[Run]":
    line = Run.objects.fairest_first().filter(model__provider=provider)
    return line.select_related("model__provider")


def _has_room(provider: Provider) -> bool:
    """Lock the provider and count what it streams."""
    if provider.max_streams is None:
        return True
    Provider.objects.select_for_update().get(pk=provider.pk)
    running = Run.objects.filter(served_by__provider=provider, state=State.RUNNING).count()
    return running < provider.max_streams


def _take(run: Run, worker: str, deployment: ModelSpec | None) -> bool:
    """Compare and set: of all who saw the Run queued, one takes it."""
    taken = Run.objects.filter(pk=run.pk, state=State.QUEUED, fence=run.fence).update(
        state=State.RUNNING,
        fence=run.fence + 1,
        worker=worker,
        served_by=deployment,
        claimed_at=Now(),
        lease_expires_at=lease_end(),
    )
    run.state, run.served_by = State.RUNNING, deployment
    run.fence += 1
    return bool(taken)


def leaves_a_slot(deployment: ModelSpec | None) -> bool:
    """Say whether a stream that ends at `deployment` lets another one of its provider start."""
    return deployment is not None and deployment.provider.max_streams is not None


def move_on(run: Run, error: ProviderError, left: Collection[UUID] = ()) -> bool:
    """Give the Run another deployment, or another key at the same one, after `error`.

    `False` where there is no other that is awake and has room; `left` are the keys and deployments
    that failed since the claim. Raises `RunLost`.
    """
    model = ModelSpec.objects.select_related("provider").filter(runs=run).first()
    if model is None:
        return False
    here = run.served_by
    return any(
        (here is not None and spec.pk == here.pk) or _move(run, spec)
        for spec in next_after(error, model, here, left)
    )


def _move(run: Run, deployment: ModelSpec) -> bool:
    with transaction.atomic():
        own = run.served_by.provider_id if run.served_by is not None else None
        if deployment.provider_id != own and not _has_room(deployment.provider):
            return False  # within one provider it takes its slot along
        mine = Run.objects.filter(pk=run.pk, fence=run.fence, state=State.RUNNING)
        if not mine.update(served_by=deployment):
            raise RunLost
    run.served_by = deployment
    return True
