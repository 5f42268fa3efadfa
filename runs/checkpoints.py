"""Writes that many streams share: one statement for all of a process's Runs at once.

Each row is matched by Run id and fence, so that a worker that lost a Run changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import connection

_CHECKPOINT = """
UPDATE runs_run AS run
SET text = coalesce(new.text, run.text),
    lease_expires_at = statement_timestamp() + make_interval(secs => %s)
FROM unnest(%s::uuid[], %s::int[], %s::text[]) AS new(id, fence, text)
WHERE run.id = new.id AND run.fence = new.fence AND run.state = 'running'
RETURNING run.id, run.stop_requested_at IS NOT NULL OR NOT EXISTS (
    SELECT 1 FROM accounts_user AS person WHERE person.id = run.user_id AND person.is_active
)
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


def write_checkpoints(checkpoints: Sequence[Checkpoint]) -> dict[UUID, bool]:
    """Renew leases and write texts; returns each kept Run's id and whether to stop it.

    A stop was asked for, or the person was deactivated or erased.

    A Run that is missing from the answer was lost to another fence.
    """
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
        return dict(cursor.fetchall())


def mark_first_text(marks: Sequence[tuple[UUID, int]]) -> set[UUID]:
    """Commit that text is about to be shown; returns the Runs that are still ours."""
    with connection.cursor() as cursor:
        cursor.execute(_FIRST_TEXT, [[m[0] for m in marks], [m[1] for m in marks]])
        return {row[0] for row in cursor.fetchall()}
