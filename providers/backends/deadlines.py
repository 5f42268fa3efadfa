"""How long an answer may take, with one timer for a whole stream."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from providers.errors import FirstTokenTimeout, IdleTimeout, ProviderError, TotalTimeout

# For what may follow a finish_reason (the usage, the end of the connection).
CLOSING_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds to the first token, between two tokens, and for the whole answer."""

    first_token: float
    idle: float
    total: float


class Watch:
    """Calls `close` when a deadline passes, and says which one it was in `expired`.

    A stream only notes the time of each token; the timer looks at it when it goes off.
    """

    def __init__(self, deadlines: Deadlines, started: float, close: Callable[[], None]) -> None:
        self.expired: ProviderError | None = None
        self._loop = asyncio.get_running_loop()
        self._close = close
        self._end = started + deadlines.total
        self._idle = deadlines.idle
        self._allowed = deadlines.first_token
        self._late: type[ProviderError] = FirstTokenTimeout
        self._last = started
        self._timer = self._loop.call_at(self._due(), self._look)

    def alive(self) -> None:
        """Note that a token came."""
        self._last = self._loop.time()
        if self._late is FirstTokenTimeout:
            self._late = IdleTimeout
            self._allow(self._idle)

    def closing(self) -> None:
        """Note that the answer is whole: wait only a little for what follows."""
        self._late = IdleTimeout
        self._allow(min(CLOSING_SECONDS, self._idle))

    def stop(self) -> None:
        self._timer.cancel()

    def _allow(self, seconds: float) -> None:
        self._allowed = seconds
        self._timer.cancel()
        self._timer = self._loop.call_at(self._due(), self._look)

    def _due(self) -> float:
        return min(self._last + self._allowed, self._end)

    def _look(self) -> None:
        now = self._loop.time()
        if now < self._due():  # tokens came meanwhile
            self._timer = self._loop.call_at(self._due(), self._look)
            return
        self.expired = TotalTimeout() if now >= self._end else self._late()
        self._close()
