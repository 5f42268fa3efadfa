"""Revoked rights reach open sockets within a second: one cheap poll a process, and a hint."""

import asyncio
import logging
from typing import Protocol

from accounts.rights import current_rights_version
from runs.threads import in_thread

logger = logging.getLogger(__name__)

EVERY = 0.7  # seconds


class Watched(Protocol):
    def recheck(self) -> None: ...


class RightsWatch:
    """Polls the rights version while anybody listens and tells whoever has not seen it yet."""

    def __init__(self) -> None:
        self._seen: dict[Watched, int | None] = {}
        self._task: asyncio.Task[None] | None = None

    def join(self, watched: Watched, seen: int | None = None) -> None:
        """Listen. `seen` is the version at which it was known to be allowed; by default none was.

        The first reading counts too: a right may have gone before anybody listened.
        """
        self._seen[watched] = seen
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._poll())

    def leave(self, watched: Watched) -> None:
        self._seen.pop(watched, None)

    def forget(self, watched: Watched) -> None:
        """Tell it again, where it still listens: it could not look."""
        if watched in self._seen:
            self._seen[watched] = None

    async def _poll(self) -> None:
        while self._seen:
            try:
                version = await in_thread(current_rights_version)
            except Exception as error:  # whatever it was: a watch that ended would see nothing more
                logger.warning("rights could not be asked for (%s); asking again", error)
            else:
                for watched in [each for each, seen in self._seen.items() if seen != version]:
                    self._seen[watched] = version
                    watched.recheck()
            await asyncio.sleep(EVERY)


watch = RightsWatch()
