"""Group commit: what calls of one event loop want of the ledger in the same moment is one write.

A transaction costs its round trips and the wait for the disk, however much is in it. While one is
being written the next ones gather, and share the one after it: who is alone waits for nobody, and
many at once cost little more than one. What ended is closed before anything else begins, so that a
program that has its answer finds what the answer held free.
"""

import asyncio
import datetime as dt
import gc
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from uuid import UUID
from weakref import WeakKeyDictionary, WeakSet

import structlog
from django.db import InterfaceError, OperationalError, close_old_connections

from accounts.models import ApiKey
from accounts.rights import RightsChanged, current_rights_version
from ops.database.pipeline import one_transaction
from usage.actions import renew_holds
from usage.metered import MeteredCall, MustBeAlone, open_and_close, open_call, warm_up
from usage.orders import Order

log = structlog.get_logger(__name__)
LEASE = dt.timedelta(minutes=2)
_RENEWED_SECONDS = 20.0
_MOST = 64  # calls of one transaction
_LINGER_SECONDS = 0.005
_AGAIN_SECONDS = 1.0
_LAST_SECONDS = 5.0  # at a process's end
_MOST_TRIES = 60  # to close a row: once its lease is over the hold is given back


@dataclass(eq=False)
class _Ending:
    call: MeteredCall
    outcome: str
    done: asyncio.Future[None]
    tries: int = 0


@dataclass
class GroupCommit:
    """The ledger's writes of the running loop. See `group_commit`."""

    _orders: list[tuple[Order, asyncio.Future[MeteredCall]]] = field(default_factory=list)
    _endings: list[_Ending] = field(default_factory=list)
    _open: set[asyncio.Future[None]] = field(default_factory=set)  # of endings: not written yet
    _writing: "asyncio.Task[None] | None" = None
    # A call that nobody has any more is not under way: its lease ends.
    _held: WeakSet[MeteredCall] = field(default_factory=WeakSet)
    _renewing: "asyncio.Task[None] | None" = None
    _ordered: asyncio.Event = field(default_factory=asyncio.Event)

    async def open(self, order: Order) -> MeteredCall:
        """As `usage.metered.open_call`; raises `RightsChanged` where the order's are old."""
        opened: asyncio.Future[MeteredCall] = asyncio.get_running_loop().create_future()
        self._orders.append((replace(order, lease=LEASE), opened))
        self._ordered.set()
        self._wake()
        try:
            return await opened
        except asyncio.CancelledError:
            # It can come between the answer and who waited for it.
            if not opened.cancelled() and opened.exception() is None:
                self.close(opened.result(), "never_called")
            raise

    def close(self, call: MeteredCall, outcome: str) -> asyncio.Future[None]:
        """Settle or release a call; nobody needs to wait for it.

        A database that cannot be reached is asked again for a minute.
        """
        ending = _Ending(call, outcome, asyncio.get_running_loop().create_future())
        self._open.add(ending.done)
        self._endings.append(ending)
        self._wake()
        return asyncio.shield(ending.done)

    async def written(self) -> None:
        """Wait until what ended is written; not for long for a database that is away."""
        if self._open:
            await asyncio.wait(self._open, timeout=_LAST_SECONDS)

    def _wake(self) -> None:
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        while self._orders or self._endings:
            if not self._orders:
                await self._linger()
            endings, self._endings = self._endings[:_MOST], self._endings[_MOST:]
            most = 0 if self._endings else _MOST  # what ended is closed before anything else begins
            orders, self._orders = self._orders[:most], self._orders[most:]
            asked = [order for order, _ in orders]
            try:
                closed, opened = await loop.run_in_executor(_thread(), _together, endings, asked)
            except Exception as failed:  # whatever it was: nobody waits for ever
                closed, opened = [failed] * len(endings), [failed] * len(orders)
            for (_, waiting), found in zip(orders, opened, strict=True):
                self._answer(waiting, found)
            for ending, error in zip(endings, closed, strict=True):
                self._note(ending, error)

    async def _linger(self) -> None:
        """Wait a little: a program that has its answer often asks the next thing at once."""
        self._ordered.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(_LINGER_SECONDS):
                await self._ordered.wait()

    def _answer(self, waiting: asyncio.Future[MeteredCall], found: MeteredCall | Exception) -> None:
        if waiting.done():  # whoever asked went away
            if isinstance(found, MeteredCall):
                self.close(found, "never_called")
        elif isinstance(found, MeteredCall):
            waiting.set_result(found)
        else:
            waiting.set_exception(found)
        if isinstance(found, MeteredCall):
            self._held.add(found)
            if self._renewing is None or self._renewing.done():
                self._renewing = asyncio.create_task(self._renew())

    def _note(self, ending: _Ending, error: Exception | None) -> None:
        """Note what came of closing a row; a database that was away is asked again."""
        ending.tries += 1
        if isinstance(error, OperationalError | InterfaceError) and ending.tries < _MOST_TRIES:
            asyncio.get_running_loop().call_later(_AGAIN_SECONDS, self._try_again, ending)
            return
        if error is not None:
            record = str(ending.call.record.pk)
            log.error("usage_not_written", record=record, reason=type(error).__name__)
        self._open.discard(ending.done)
        self._held.discard(ending.call)
        ending.done.set_result(None)

    async def _renew(self) -> None:
        """Keep what calls under way hold: of a process that died it is given back soon."""
        while self._held:
            await asyncio.sleep(_RENEWED_SECONDS)
            held = [call.record.pk for call in self._held]
            if not held:
                continue
            try:
                loop = asyncio.get_running_loop()
                await loop.run_in_executor(_thread(), _renew, held)
            except Exception as error:  # the next one comes before the leases end
                log.warning("usage_not_renewed", holds=len(held), reason=type(error).__name__)

    def _try_again(self, ending: _Ending) -> None:
        self._endings.append(ending)
        self._wake()


_of_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, GroupCommit] = WeakKeyDictionary()


def group_commit() -> GroupCommit:
    """Return that of the running loop."""
    return _of_loop.setdefault(asyncio.get_running_loop(), GroupCommit())


@cache
def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="ledger", initializer=_make_ready)


def _make_ready() -> None:
    """Load what calls need. None of it ever goes: looking through it for rubbish would only stop
    all answers for a moment, again and again.
    """
    warm_up()
    gc.collect()
    gc.freeze()


async def make_ready() -> None:
    """Load what the first call would wait for, where there are programs that may call."""
    await asyncio.get_running_loop().run_in_executor(None, _ready_for_keys)


def _ready_for_keys() -> None:
    try:
        if ApiKey.objects.working().exists():
            _thread().submit(bool).result()
    except Exception as error:  # whatever it was: the first call loads it then
        log.warning("ledger_not_made_ready", reason=type(error).__name__)
    finally:
        close_old_connections()


Results = tuple[list[Exception | None], list[MeteredCall | Exception]]


def _together(endings: Sequence[_Ending], orders: Sequence[Order]) -> Results:
    """Write all at once; where that fails, each alone, so that one fails for itself only."""
    close_old_connections()  # one that an earlier transaction did not leave whole
    try:
        opened = _write(endings, orders)
    except Exception as error:
        return _each_alone(endings, orders, error)
    else:
        return [None] * len(endings), [
            _open_alone(order) if isinstance(found, MustBeAlone) else found
            for order, found in zip(orders, opened, strict=True)
        ]
    finally:
        close_old_connections()


def _each_alone(endings: Sequence[_Ending], orders: Sequence[Order], error: Exception) -> Results:
    if len(endings) + len(orders) == 1:
        return [error] * len(endings), [error] * len(orders)
    closed: list[Exception | None] = []
    for ending in endings:
        closed.append(error if _is_away(closed) else _close_alone(ending))
    opened: list[MeteredCall | Exception] = []
    for order in orders:
        opened.append(error if _is_away([*closed, *opened]) else _open_alone(order))
    return closed, opened


def _is_away(found: Sequence[object]) -> bool:
    """Say whether the database was not there for the last one: then it is not for the next."""
    return bool(found) and isinstance(found[-1], OperationalError)


def _write(endings: Sequence[_Ending], orders: Sequence[Order]) -> list[MeteredCall | Exception]:
    with one_transaction():
        closings = [ending.call.closing(ending.outcome) for ending in endings]
        return open_and_close(closings, orders)


def _renew(held: list[UUID]) -> None:
    try:
        renew_holds(held, LEASE)
    finally:
        close_old_connections()


def _close_alone(ending: _Ending) -> Exception | None:
    try:
        _write([ending], [])
    except Exception as error:
        return error
    return None


def _open_alone(order: Order) -> MeteredCall | Exception:
    try:
        found = _write([], [order])[0]
        if isinstance(found, MustBeAlone):
            if order.rights not in (None, current_rights_version()):
                raise RightsChanged
            return open_call(order.payer, order.door, order.spec, order.ask, order.model)
    except Exception as error:
        return error
    return found
