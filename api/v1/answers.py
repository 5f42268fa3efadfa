"""One answer for a program: which deployment gives it, and that it ends when a right does.

The program holds the connection: there is no Run. Another key or deployment is asked only while
nothing was passed on; each call is a row of the ledger of its own.
"""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from accounts.errors import ApiKeyRefused
from api.v1 import known
from api.v1.asked import Asked
from api.v1.callers import Caller
from api.v1.refusals import Refused, of_call, of_key
from providers.errors import ModelWithdrawn, ProviderError
from providers.models import ModelSpec
from providers.order import in_turn
from providers.routing import Deployment, next_after
from providers.values import Part
from runs.rights import watch
from runs.threads import in_thread
from usage.group_commit import group_commit
from usage.metered import MeteredCall
from usage.orders import Order

log = structlog.get_logger(__name__)
DOOR = "api"
MOST_CALLS = 10  # at all keys and deployments together


@dataclass(eq=False)
class Answer:
    """An answer under way. `begin` it, read its `parts`, and always `close` it.

    All three within one task, which is interrupted where the key or the model is taken away.
    """

    caller: Caller
    asked: Asked
    model: ModelSpec
    deployments: list[Deployment]
    served_by: ModelSpec | None = None
    limit_headers: dict[str, str] = field(default_factory=dict)
    _call: MeteredCall | None = None
    _parts: AsyncGenerator[Part, None] | None = None
    _first: Part | None = None
    _outcome: str = "cancelled"
    _left: set[UUID] = field(default_factory=set)
    _task: "asyncio.Task[object] | None" = None
    _checking: "asyncio.Task[None] | None" = None
    _taken_away: Refused | None = None

    async def begin(self) -> None:
        """Ask until a deployment answers. Raises `Refused`; nothing was passed on then.

        Raises `RightsChanged` where the caller is to be looked up anew.
        """
        self._task = asyncio.current_task()
        watch.join(self, self.caller.rights)
        try:
            for _ in range(MOST_CALLS):
                try:
                    return await self._ask()
                except ProviderError as error:
                    await self._move_on(error)
            raise of_call(ProviderError())
        except asyncio.CancelledError:
            raise self._reason_to_stop() from None

    async def parts(self) -> AsyncGenerator[bytes, None]:
        """Yield the answer's bytes. Of what fails now the last event tells."""
        assert self._first is not None
        assert self._parts is not None
        try:
            yield self._noted(self._first)
            async for part in self._parts:
                yield self._noted(part)
        except ProviderError as error:
            self._outcome = error.kind
            yield of_call(error).event()
        except asyncio.CancelledError:
            refused = self._reason_to_stop()
            yield refused.event()

    async def close(self) -> None:
        """End the call upstream, and write what it came to."""
        watch.leave(self)
        if self._checking is not None:
            self._checking.cancel()
        try:
            if self._parts is not None:
                await self._parts.aclose()
        finally:  # also where that fails, or is cut short at the process's end
            if self._call is not None:
                call, self._call = self._call, None
                group_commit().close(call, self._outcome)

    def _noted(self, part: Part) -> bytes:
        self._outcome = part.outcome or self._outcome
        return part.data

    async def _ask(self) -> None:
        if self.served_by is None:
            self.served_by = self._first_deployment()
        wire = self.asked.wire(self.served_by)
        order = Order(
            self.caller.payer, DOOR, self.served_by, wire, self.model, rights=self.caller.rights
        )
        self._call = await group_commit().open(order)
        if self._taken_away is not None:  # while the hold was being written
            self._outcome = "stopped"
            raise self._taken_away
        self.limit_headers = self._call.record.limit_headers
        self._parts = self._call.relay()
        self._first = await anext(self._parts)

    def _first_deployment(self) -> ModelSpec:
        found = in_turn(self.deployments)
        if not found:
            raise ModelWithdrawn
        return found[0].spec

    async def _move_on(self, error: ProviderError) -> None:
        """Choose where to ask next. Raises `Refused` where there is nowhere."""
        if self.served_by is not None:
            self._left.add(self.served_by.pk)
        if self._call is not None:
            call, self._call, self._parts = self._call, None, None
            if call.record.credential_id is not None:
                self._left.add(call.record.credential_id)
            await group_commit().close(call, error.kind)
        known.forget()
        self.served_by = await in_thread(self._next_deployment, error)

    def _next_deployment(self, error: ProviderError) -> ModelSpec:
        found = next_after(error, self.model, self.served_by, self._left, self.asked.ability)
        spec = next(found, None)
        if spec is None:
            raise of_call(error)
        return spec

    def recheck(self) -> None:
        """Rights have changed somewhere: ask whether this answer may go on."""
        if self._checking is None or self._checking.done():
            self._checking = asyncio.create_task(self._check())

    async def _check(self) -> None:
        try:
            await in_thread(self.caller.check, self.model)
        except (ApiKeyRefused, Refused) as error:
            self._taken_away = of_key(error) if isinstance(error, ApiKeyRefused) else error
            # Without a call the next hold asks for the rights itself.
            if self._task is not None and self._call is not None:
                self._task.cancel()
        except Exception as error:  # no answer is no permission: it is asked again
            log.warning("v1_rights_not_read", reason=type(error).__name__)
            watch.forget(self)

    def _reason_to_stop(self) -> Refused:
        """Return why this task was cancelled; raise on where the program went away."""
        if self._taken_away is None:
            raise asyncio.CancelledError
        assert self._task is not None
        self._task.uncancel()
        self._outcome = "stopped"
        return self._taken_away
