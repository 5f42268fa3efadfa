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
    """Polls the rights version while anybody listens and tells all when it moved."""

    def __init__(self) -> None:
        self._watched: set[Watched] = set()
        self._task: asyncio.Task[None] | None = None

    def join(self, socket: Watched) -> None:
        self._watched.add(socket)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._poll())

    def leave(self, socket: Watched) -> None:
        self._watched.discard(socket)

    async def _poll(self) -> None:
        known = None
        while self._watched:
            try:
                version = await in_thread(current_rights_version)
            except Exception as error:  # whatever it was: a watch that ended would see nothing more
                logger.warning("rights could not be asked for (%s); asking again", error)
            else:
                # The first reading counts too: a right may have gone before anybody listened.
                if version != known:
                    for socket in list(self._watched):
                        socket.recheck()
                known = version
            await asyncio.sleep(EVERY)


watch = RightsWatch()
