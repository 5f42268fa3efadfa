"""Writes that many streams share: one statement for all of a process's Runs at once.

Each row is matched by Run id and fence, so that a worker that lost a Run changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import connection

from runs.models import Run

_CHECKPOINT = """
UPDATE runs_run AS run
SET text = coalesce(new.text, run.text),
    lease_expires_at = statement_timestamp() + make_interval(secs => %s)
FROM unnest(%s::uuid[], %s::int[], %s::text[]) AS new(id, fence, text)
WHERE run.id = new.id AND run.fence = new.fence AND run.state = 'running'
RETURNING run.id, run.stop_requested_at IS NOT NULL OR NOT EXISTS (
    SELECT 1 FROM accounts_user AS person WHERE person.id = run.user_id AND person.is_active
), coalesce((SELECT version FROM accounts_rightsversion WHERE id = 1), 0)
"""
_FIRST_TEXT = """
UPDATE runs_run AS run
SET first_text_at = statement_timestamp()
FROM unnest(%s::uuid[], %s::int[]) AS new(id, fence)
WHERE run.id = new.id AND run.fence = new.fence AND run.state = 'running'
RETURNING run.id
"""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A Run's text so far; `None` where nothing was added since the last one."""

    run_id: UUID
    fence: int
    text: str | None


@dataclass(frozen=True, slots=True)
class Written:
    """What a checkpoint found: each kept Run's id and whether to stop it, and the rights version.

    A stop was asked for, or the person was deactivated or erased. A Run that is missing from
    `kept` was lost to another fence; where all were, nothing was heard of rights.
    """

    kept: dict[UUID, bool]
    rights_version: int | None


def write_checkpoints(checkpoints: Sequence[Checkpoint]) -> Written:
    """Renew leases and write texts, by one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            _CHECKPOINT,
            [
                settings.RUN_LEASE_SECONDS,
                [c.run_id for c in checkpoints],
                [c.fence for c in checkpoints],
                [c.text for c in checkpoints],
            ],
        )
        rows = cursor.fetchall()
    return Written({row[0]: row[1] for row in rows}, rows[0][2] if rows else None)


def mark_first_text(marks: Sequence[tuple[UUID, int]]) -> set[UUID]:
    """Commit that text is about to be shown; returns the Runs that are still ours."""
    with connection.cursor() as cursor:
        cursor.execute(_FIRST_TEXT, [[m[0] for m in marks], [m[1] for m in marks]])
        return {row[0] for row in cursor.fetchall()}


def withdrawn_runs(run_ids: Sequence[UUID]) -> set[UUID]:
    """Return which of these Runs ask a model that is not for their person any more."""
    return set(Run.objects.filter(pk__in=run_ids).withdrawn().values_list("pk", flat=True))
