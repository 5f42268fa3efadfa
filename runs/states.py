"""The life of a Run, written down once.

            ┌─────────── hand-over, or its worker died with nothing shown ──────────┐
            ▼                                                                        │
    ──▶  queued ── claim ──▶ running ── finish_reason ──▶ done                       │
            │                  │ ├──── stop asked, or suspended ▶ stopped            │
            │                  │ ├──── error, model withdrawn, nothing shown ▶ failed│
            │                  │ ├──── error, model withdrawn, or death, text shown  │
            │                  │ │                                    ▶ interrupted  │
            │                  │ └────────────────────────────────────────────────────┘
            ├── stop asked, or its person suspended ──▶ stopped
            └── cannot start ▶ failed

The database holds it too: `runs/migrations/0002_hold_transitions.py` makes a trigger of
`TRANSITIONS`, and check constraints of `Run` say what each state must carry.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    QUEUED = "queued", _("queued")
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    STOPPED = "stopped", _("stopped")
    INTERRUPTED = "interrupted", _("interrupted")
    FAILED = "failed", _("failed")


LIVE = (State.QUEUED, State.RUNNING)
FINAL = (State.DONE, State.STOPPED, State.INTERRUPTED, State.FAILED)

TRANSITIONS: dict[State, tuple[State, ...]] = {
    State.QUEUED: (State.RUNNING, State.STOPPED, State.FAILED),
    State.RUNNING: (State.QUEUED, *FINAL),
    State.DONE: (),
    State.STOPPED: (),
    State.INTERRUPTED: (),
    State.FAILED: (),
}
