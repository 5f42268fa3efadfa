"""One Run on the worker's loop: its attempts, its text, its end."""

import asyncio
import enum
import itertools
import logging
import random
from contextlib import aclosing
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings

from providers.errors import LimitReached, ModelWithdrawn, ProviderError, StreamCut, WorkerLost
from runs import actions, claims
from runs.buffer import Frame
from runs.models import Run
from runs.states import State
from usage.metered import MeteredCall

if TYPE_CHECKING:
    from runs.engine import Engine

logger = logging.getLogger(__name__)

LONGEST_WAIT = 20.0  # seconds; a provider that asks for more gets an error instead
MOST_CALLS = 10  # at all keys and deployments together
LOOK_AT_KEYS = 5.0
LONGEST_TEXT = 1_000_000  # code points


class Reason(enum.Enum):
    """Why a stream was cut from our side."""

    STOP = "stop"
    LOST = "lost"
    DRAIN = "drain"
    WITHDRAWN = "withdrawn"  # the model is not for the person any more


class Stream:
    """Reads one Run's answer. Everything here happens on the engine's loop.

    The text is `sent` (in Redis) + `in_flight` (being sent) + `pending`, in this order.
    """

    def __init__(self, run: Run, engine: "Engine") -> None:
        self.run = run
        self.engine = engine
        self.sent: list[str] = []
        self.sent_bytes = 0
        self.sent_length = 0
        self.in_flight = ""
        self.pending: list[str] = [run.prefix] if run.prefix else []
        self.length = len(run.prefix)  # code points in all
        self.checkpointed_length = 0
        self.flush_due = 0.0
        self.lease_until = engine.loop.time() + settings.RUN_LEASE_SECONDS
        self.shown = False
        self.call: MeteredCall | None = None
        self.reason: Reason | None = None
        self._beginning: asyncio.Task[MeteredCall] | None = None
        self._reading: asyncio.Task[str] | None = None

    def text(self) -> str:
        return "".join((*self.sent, self.in_flight, *self.pending))

    def lost(self) -> None:
        """Another fence has the Run: nothing may be written any more."""
        self.interrupt(Reason.LOST)

    def interrupt(self, reason: Reason) -> None:
        """Cut the stream; the upstream connection closes at once."""
        if self.reason is None:
            self.reason = reason
            if self._reading is not None:
                self._reading.cancel()

    async def execute(self) -> None:
        """Run to a final state, or give the Run back."""
        self._reading = asyncio.ensure_future(self._attempts())
        finish_reason, error_kind = "", ""
        try:
            finish_reason = await self._reading
        except ProviderError as error:
            error_kind = error.kind
        except actions.RunLost:
            self.reason = Reason.LOST
        except asyncio.CancelledError:
            if self.reason is None:
                raise
            if self.reason is Reason.WITHDRAWN:
                error_kind = ModelWithdrawn.kind
        except Exception:
            logger.exception("run %s failed inside", self.run.pk)
            error_kind = "internal"
        if self._beginning is not None:
            await asyncio.wait([self._beginning])
            if self._beginning.exception() is None:
                self.call = self._beginning.result()
        await self._end(finish_reason, error_kind)

    async def _end(self, finish_reason: str, error_kind: str) -> None:
        if (
            self.reason is Reason.DRAIN
            and not self.shown
            and await self.engine.db(actions.requeue, self.run, self.call)
        ):
            return
        if self.reason is not Reason.LOST:
            await self.engine.framer.send([self])
        state = self._final_state(finish_reason, error_kind)
        await self.engine.db(
            lambda: actions.finish(
                self.run,
                state,
                text=self.text(),
                call=self.call,
                finish_reason=finish_reason,
                error_kind=error_kind or self._what_cut_it(finish_reason, state),
            )
        )

    def _what_cut_it(self, finish_reason: str, state: State) -> str:
        """Return why an answer without an error ends early: a drain, or a limit."""
        if state is State.INTERRUPTED:
            return WorkerLost.kind
        shortened = self.call is not None and self.call.is_shortened
        return LimitReached.kind if finish_reason == "length" and shortened else ""

    def _final_state(self, finish_reason: str, error_kind: str) -> State:
        if finish_reason:
            return State.DONE
        if self.reason is Reason.STOP:
            return State.STOPPED
        if error_kind and not self.shown:
            return State.FAILED
        return State.INTERRUPTED

    async def _attempts(self) -> str:
        """Ask until an answer is complete; returns its finish reason.

        Another attempt starts only while nothing has been shown: at once with another key or
        deployment where there is one, else after a while at the same.
        """
        begun, calls, waits = self.engine.loop.time(), 0, 0
        left: set[UUID] = set()
        for number in itertools.count(1):
            try:
                await self._begin(number)
                return await self._read()
            except ProviderError as error:
                calls += not error.waits
                if self.shown or calls == MOST_CALLS:
                    raise
                await self._leave(error, left)
                if await self._move_on(error, left):
                    continue
                if error.waits:
                    if self.engine.loop.time() - begun > actions.BUSY_PATIENCE:
                        raise
                    await self._note_wait(error.kind)
                    await asyncio.sleep(min(error.retry_after or 1.0, LOOK_AT_KEYS))
                    continue
                waits += 1
                await asyncio.sleep(self._wait_before_retry(error, waits))
        raise AssertionError("the last attempt returns or raises")

    async def _note_wait(self, kind: str) -> None:
        if self.run.error_kind != kind:
            await self.engine.db(actions.note_wait, self.run, kind)

    async def _leave(self, error: ProviderError, left: set[UUID]) -> None:
        """Close the attempt that failed, and note where it was made."""
        if self.run.served_by_id is not None:
            left.add(self.run.served_by_id)
        if self.call is not None:
            if self.call.record.credential_id is not None:
                left.add(self.call.record.credential_id)
            await self.engine.db(actions.end_attempt, self.call, error.kind, error.kind)
            self.call = None  # only now: a stop in between leaves the call to `finish`

    async def _move_on(self, error: ProviderError, left: set[UUID]) -> bool:
        before = self.run.served_by
        moved = await self.engine.db(claims.move_on, self.run, error, left)
        if self.run.served_by is not before and claims.leaves_a_slot(before):
            self.engine.start_next()
        return moved

    def _wait_before_retry(self, error: ProviderError, waits: int) -> float:
        """Return the seconds to wait before asking the same again; raise `error` where none."""
        if not error.retry or waits >= settings.RUN_MAX_ATTEMPTS:
            raise error
        wait = error.retry_after
        if wait is None:
            wait = 0.25 * 2**waits * random.uniform(0.5, 1.5)  # noqa: S311
        if wait > LONGEST_WAIT:
            raise error
        return wait

    async def _begin(self, number: int) -> None:
        self._beginning = asyncio.ensure_future(
            self.engine.db(actions.begin_attempt, self.run, number)
        )
        # Cancelled or not, the hold that is being written must be known to `execute`.
        self.call = await asyncio.shield(self._beginning)
        self._beginning = None
        await self._note_wait("")

    async def _read(self) -> str:
        assert self.call is not None
        finish_reason = ""
        async with aclosing(self.call.stream()) as deltas:
            async for delta in deltas:
                if delta.text:
                    await self._add(delta.text)
                finish_reason = delta.finish_reason or finish_reason
                if self.length > LONGEST_TEXT:
                    return "length"
        if not finish_reason:
            raise StreamCut
        return finish_reason

    async def _add(self, text: str) -> None:
        self.pending.append(text.replace("\x00", "\ufffd"))  # Postgres keeps no NUL
        self.length += len(text)
        if not self.shown:
            if not await self.engine.mark_first_text(self):
                self.lost()
                await asyncio.sleep(0)  # where the cancellation arrives
            self.shown = True
        self.engine.framer.note(self)

    # Frames (called by the framer)

    def may_send(self) -> bool:
        """Say whether there is text to send and the lease still stands by our own clock."""
        return (
            bool(self.pending)
            and not self.in_flight
            and self.reason is not Reason.LOST
            and self.engine.loop.time() < self.lease_until
        )

    def take_frame(self) -> Frame:
        """Return the pending text as a frame; `frame_written` or `frame_refused` must follow."""
        self.in_flight = "".join(self.pending)
        self.pending.clear()
        return Frame(self.run.pk, self.run.topic, self.run.fence, self.sent_length, self.in_flight)

    def frame_written(self, frame: Frame) -> None:
        self.in_flight = ""
        self.sent.append(frame.text)
        self.sent_length += len(frame.text)
        self.sent_bytes += len(frame.text.encode())

    def frame_refused(self, frame: Frame) -> None:
        self.in_flight = ""
        self.pending.insert(0, frame.text)

    def sent_text(self) -> str:
        return "".join(self.sent)
