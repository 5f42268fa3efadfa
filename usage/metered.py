"""The metered call: the only way to a model."""

import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import replace
from uuid import UUID

from channels.db import database_sync_to_async
from django.db import transaction

from accounts.rights import RightsChanged
from providers.actions import note_use, rest_after
from providers.backends import Backend, backend_for, close_clients, preload
from providers.backends.relay import written, written_whole
from providers.errors import (
    AuthenticationFailed,
    KeysBusy,
    KeysUnreadable,
    LimitReached,
    ProviderError,
)
from providers.models import Credential, ModelSpec
from providers.order import in_turn
from providers.tokens import count
from providers.values import Delta, Part, Prompt, Usage, Wire
from usage.actions import Settlement, hold, settled, write
from usage.key_limits import seconds_until_free
from usage.models import Payer, UsageRecord
from usage.orders import Closing, Order, Times

# Bytes of a stream that are kept as they came. They are many times the text that is in them.
_MOST_KEPT = 64 * 2**10


def warm_up() -> None:
    """Make ready for the first call of a worker."""
    preload()


async def close_connections() -> None:
    """Close what calls on this loop left open for the next ones, at a worker's end."""
    await close_clients()


class MeteredCall:
    """One call to a model, whose hold is already in the ledger.

    `stream` and `complete` make the call; `settlement` says what it came to so far, at any
    moment, so that a stopped or cut call is charged for what it wrote.
    """

    def __init__(
        self,
        record: UsageRecord,
        spec: ModelSpec,
        ask: Prompt | Wire,
        backend: Backend,
        *,
        is_shortened: bool = False,
    ) -> None:
        self.record = record
        self.is_shortened = is_shortened  # limits left less room for the answer than was asked
        self.backend = backend
        self.spec = spec
        self.ask = ask
        self.usage: Usage | None = None
        self.error: ProviderError | None = None
        self._written: list[str] = []
        self._relayed: list[bytes] = []  # what `_written` does not hold yet
        self._kept = 0  # bytes of it
        self._may_cost = False
        self._began: float | None = None
        self._first: float | None = None
        self._ended: float | None = None

    async def stream(self) -> AsyncGenerator[Delta, None]:
        """Yield what the model writes. Raises the errors of `providers.errors`."""
        assert isinstance(self.ask, Prompt)
        stream = self.backend.stream(self.ask, request_id=str(self.record.id))
        with self._costs_when_cut_off():
            async with aclosing(stream) as deltas:
                async for delta in deltas:
                    self._note(delta)
                    yield delta

    async def complete(self) -> Delta:
        """Return the whole answer at once. Raises the errors of `providers.errors`."""
        with self._costs_when_cut_off():
            assert isinstance(self.ask, Prompt)
            delta = await self.backend.complete(self.ask, request_id=str(self.record.id))
        self._note(delta)
        return delta

    async def relay(self) -> AsyncGenerator[Part, None]:
        """Yield the answer to a program's request as it comes. Raises as `stream` does."""
        assert isinstance(self.ask, Wire)
        answer = self.backend.relay(self.ask, request_id=str(self.record.id))
        with self._costs_when_cut_off():
            async with aclosing(answer) as parts:
                async for part in parts:
                    self._may_cost = True
                    self._first = self._first or time.monotonic()
                    self.usage = part.usage or self.usage
                    self._keep(part.data)
                    yield part

    def _keep(self, data: bytes) -> None:
        """Keep of whole events what an estimate needs: nothing where the usage was told."""
        if self.usage is not None:
            self._written, self._relayed = [], []
            return
        self._relayed.append(data)
        self._kept += len(data)
        if self._kept > _MOST_KEPT:
            self._written, self._relayed, self._kept = [self._all_written()], [], 0

    @contextmanager
    def _costs_when_cut_off(self) -> Iterator[None]:
        """A call that we cut off was made: the provider may have read, and thought, already."""
        self._began = time.monotonic()
        try:
            yield
        except ProviderError as error:
            self.error = error
            raise
        except BaseException:
            self._may_cost = True
            raise
        finally:
            self._ended = time.monotonic()

    def _note(self, delta: Delta) -> None:
        self._may_cost = True
        if delta.usage is not None:
            self.usage = delta.usage
        if delta.text:
            self._first = self._first or time.monotonic()
            self._written.append(delta.text)

    def close(self, outcome: str) -> bool:
        """Settle, or release where the provider refused. Blocking; joins a transaction."""
        with transaction.atomic(savepoint=False):
            return bool(write([self.closing(outcome)], []).closed)

    def closing(self, outcome: str) -> Closing:
        """Return how the row is closed. Whatever failed rests once the transaction is committed."""
        if self.error is not None:
            _rest(self.error, self.spec, self.record.credential)
        if not self._may_cost:
            return Closing(self.record, outcome, self._times())
        return settled(self.record, self.settlement(outcome))

    def settlement(self, outcome: str) -> Settlement:
        """Return what the provider reported, else an estimate from what was sent and read."""
        if self.usage is not None:
            return Settlement(self.usage, True, outcome, self._times())
        output = count(self._all_written(), self.spec)
        estimate = Usage(input_tokens=self.record.held_input_tokens, output_tokens=output)
        return Settlement(estimate, False, outcome, self._times(), self.ask.is_bounded)

    def _all_written(self) -> str:
        if isinstance(self.ask, Prompt):
            return "".join(self._written)
        body = b"".join(self._relayed)
        rest = written(body) if self.ask.is_stream else written_whole(body)
        return "".join([*self._written, rest])

    def _times(self) -> Times:
        if self._began is None:
            return Times()
        ended = self._ended or time.monotonic()
        return Times(
            first_token=None if self._first is None else _milliseconds(self._first - self._began),
            end=_milliseconds(ended - self._began),
        )


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def open_call(
    payer: Payer, door: str, spec: ModelSpec, ask: Prompt | Wire, model: ModelSpec | None = None
) -> MeteredCall:
    """Hold what `ask` can cost and return the call to make. Blocking; joins a transaction.

    `model` is the one that was asked, where `spec` answers in its name. Raises `KeysBusy` where
    each of the provider's keys is at a limit of its own, `KeysUnreadable` where none can be
    decrypted, and `LimitReached`.
    """
    with transaction.atomic(savepoint=False):
        backend, credential = _take_key(spec, _keys_of(spec))
        record = hold(payer, door, spec, ask, credential, model)
        _note_use(credential)
    return _call(record, Order(payer, door, spec, ask, model, credential), backend)


class MustBeAlone(Exception):
    """A key of the order's provider has limits of its own: it is locked before the ledger is."""


def open_and_close(
    closings: Sequence[Closing], orders: Sequence[Order]
) -> list[MeteredCall | Exception]:
    """Close rows and open calls, all in the transaction that this joins; one result an order.

    That is what `open_call` raises, `RightsChanged`, or `MustBeAlone` where it is `open_call` that
    must be asked.
    """
    backends: list[Backend | Exception] = []
    taken: list[Order] = []
    for order in orders:
        try:
            keys = _recent_keys_of(order.spec)
            if any(key.is_limited for key in keys):
                raise MustBeAlone
            backend, credential = _take_key(order.spec, keys)
        except (ProviderError, MustBeAlone) as error:
            backends.append(error)
        else:
            backends.append(backend)
            taken.append(replace(order, credential=credential))
    begun = zip(taken, write(closings, taken).begun, strict=True)
    for credential in {order.credential for order in taken}:
        _note_use(credential)
    return [
        each if isinstance(each, Exception) else _opened(*next(begun), each) for each in backends
    ]


def _opened(
    order: Order, record: UsageRecord | LimitReached | RightsChanged, backend: Backend
) -> MeteredCall | Exception:
    return record if isinstance(record, Exception) else _call(record, order, backend)


def _call(record: UsageRecord, order: Order, backend: Backend) -> MeteredCall:
    held = record.held_output_tokens
    is_shortened = held < min(order.ask.most_output, order.spec.max_output_tokens)
    ask = order.ask.capped(held)
    return MeteredCall(record, order.spec, ask, backend, is_shortened=is_shortened)


def _keys_of(spec: ModelSpec) -> list[Credential]:
    return list(Credential.objects.usable(spec.provider))


_KEYS_SECONDS = 1.0
_recent_keys: dict[UUID, tuple[float, list[Credential]]] = {}


def _recent_keys_of(spec: ModelSpec) -> list[Credential]:
    """As they were less than a second ago; where a call failed since, as they are."""
    now = time.monotonic()
    until, keys = _recent_keys.get(spec.provider_id, (0.0, []))
    if now >= until:
        keys = _keys_of(spec)
        _recent_keys[spec.provider_id] = now + _KEYS_SECONDS, keys
    return keys


def _note_use(credential: Credential | None) -> None:
    if credential is not None:
        note_use(credential)


def _take_key(spec: ModelSpec, keys: list[Credential]) -> tuple[Backend, Credential | None]:
    """Return the first key in turn that can be read and has room, with the backend that uses it.

    A provider without keys is called without one.
    """
    if not keys:
        return backend_for(spec, None), None
    waits: list[float] = []
    for credential in in_turn(keys):
        try:
            backend = backend_for(spec, credential)
        except AuthenticationFailed as error:
            _rest(error, spec, credential)
            continue
        wait = seconds_until_free(credential)
        if not wait:
            return backend, credential
        waits.append(wait)
    if not waits:
        raise KeysUnreadable
    raise KeysBusy(retry_after=min(waits))


def _rest(error: ProviderError, spec: ModelSpec, credential: Credential | None) -> None:
    """Write a rest after the commit: its row's lock is never waited for with others held."""

    def rest() -> None:
        try:
            rest_after(error, spec, credential)
        finally:  # calls that began in this transaction have read the keys as they were
            _recent_keys.clear()

    transaction.on_commit(rest, robust=True)


async def complete(
    payer: Payer, door: str, spec: ModelSpec, prompt: Prompt, model: ModelSpec | None = None
) -> str:
    """Hold, call, settle; returns the answer's text. Raises the errors of `providers.errors`."""
    call = await database_sync_to_async(open_call, thread_sensitive=False)(
        payer, door, spec, prompt, model
    )
    outcome = "cancelled"
    try:
        delta = await call.complete()
        outcome = delta.finish_reason or "stop"
    except ProviderError as error:
        outcome = error.kind
        raise
    finally:
        await database_sync_to_async(call.close, thread_sensitive=False)(outcome)
    return delta.text
