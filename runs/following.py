"""What one socket knows of one live Run: pure bookkeeping, no input or output."""

from uuid import UUID

from boundary.markdown import StreamRenderer, VerbatimRenderer
from runs.models import Run

MOST_PENDING = 65_536  # code points held for a reader that is slow; the rest waits in the buffer

Renderer = StreamRenderer | VerbatimRenderer


class Following:
    """The text of one Run as one reader was shown it, and what arrived since.

    Frames may be lost, repeated or late. `known` counts the code points rendered; `pending` is
    text that continues them without a gap. `behind` says that text is missing here and must be
    read from the buffer.
    """

    def __init__(
        self, run_id: UUID, fence: int, text: str, renderer: type[Renderer] = StreamRenderer
    ) -> None:
        self.run_id = run_id
        self.fence = fence
        self.renderer = renderer(f"#run-{run_id}")
        self.renderer.feed(text)
        self.known = len(text)
        self.pending: list[str] = []
        self.pending_length = 0
        self.behind = False
        self.heard_at = 0.0  # when the last frame came, by the loop's clock
        self.shown_wait = ""  # what the Run waits for, as the element says that was sent
        self.shown_until = 0.0  # … and at which place, which need not be counted anew before

    def note_shown(self, run: Run, now: float, seconds: float) -> None:
        """Note that the element was sent, and for how long a place in the queue is good."""
        self.shown_wait = run.waits_for
        self.shown_until = now + seconds

    def note(self, fence: int, offset: int, text: str) -> None:
        """Take in one frame. Frames of an older fence are ignored."""
        if fence < self.fence:
            return
        self.fence = fence
        have = self.known + self.pending_length
        if offset > have or self.pending_length > MOST_PENDING:
            self.behind = True
        elif offset + len(text) > have:
            self._hold(text[have - offset :])

    def caught_up(self, text: str) -> None:
        """Take in the whole text as the buffer or the row has it, as much as may be pending."""
        have = self.known + self.pending_length
        until = max(have, self.known + MOST_PENDING)
        self.behind = len(text) > until
        if len(text) > have:
            self._hold(text[have:until])

    def _hold(self, text: str) -> None:
        self.pending.append(text)
        self.pending_length += len(text)

    def take(self) -> str:
        """Return what is pending, to be rendered at once; it counts as shown from then on."""
        text = "".join(self.pending)
        self.pending.clear()
        self.known += self.pending_length
        self.pending_length = 0
        return text
