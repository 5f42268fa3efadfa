"""The base of every socket that shows Runs: authorise, catch up, forward.

Handlers only note what happened; one task a socket reads, renders and sends, so that a lost
layer message cannot lose text and a slow reader costs bounded memory. Nothing is ever read from
the socket: whatever a client sends ends it.

Close codes: 4401 not signed in (any more), 4404 no such topic for this person, 4400 the client
sent something, 1012 the server restarts.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

import redis
from django.conf import settings

from accounts.access import session_user
from accounts.models import User
from accounts.rights import GROUP as RIGHTS
from boundary.markdown import Patch, StreamRenderer
from runs.buffer import Buffer
from runs.following import Following, Renderer
from runs.hub import hub
from runs.models import Run
from runs.rights import watch
from runs.states import State
from runs.threads import in_thread

logger = logging.getLogger(__name__)

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

SIGNED_OUT, NOT_FOUND, NOTHING_TO_SAY, FAILED = 4401, 4404, 4400, 1011
# Seconds without news after which the truth is read, since hints get lost.
LOOK_AGAIN, LOOK_AGAIN_IDLE = 2.0, 60.0
SHOW_QUEUE_AGAIN = 10.0  # seconds for which a place in the queue is not counted anew
# Swapped into the page's #reload element, whose script loads what the socket fills anew.
RELOAD = Patch("#reload", "innerHTML", "<i data-reload></i>")
RENDERED_AT_ONCE = 2_000  # code points, some 5 ms; more is rendered in a thread


class Subject(Protocol):
    """What shows a Run on a page, read together with it, so that both are of one moment."""

    @property
    def live_run(self) -> Run | None:
        """The Run while it is live, else `None`."""

    @property
    def text_so_far(self) -> str: ...


S = TypeVar("S", bound=Subject)


class RunConsumer(Generic[S]):
    """Follows all live Runs of one topic. Subclasses say which topic and how things look.

    An ASGI application of its own (`as_asgi`), since a frame passes here for every reader and
    50 ms: what Channels' consumers do around each message costs several times the message.
    """

    buffer: Buffer | None = None  # one a process, made on its loop

    def __init__(self, scope: Scope, send: Send) -> None:
        self.scope = scope
        self.send = send
        self.following: dict[UUID, Following] = {}
        self.news: set[UUID] = set()
        self.changes: set[str] = set()
        self.must_begin = True
        self.must_recheck = False
        self.loop = asyncio.get_running_loop()
        self.looked_at = self.loop.time()
        self.wake = asyncio.Event()
        self.wake.set()

    @classmethod
    def as_asgi(cls) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            await cls(scope, send).live(receive)

        return application

    def topic(self) -> str:
        """Return the topic that the URL names."""
        raise NotImplementedError

    def may_read(self, user: User) -> bool:
        """Say whether `user` may follow the topic. Runs in a thread, before `arrivals`."""
        raise NotImplementedError

    def arrivals(self) -> tuple[list[Patch], list[S]]:
        """Return what changed since the page was made, and what is live. Runs in a thread."""
        raise NotImplementedError

    def find(self, run_id: UUID) -> S | None:
        """Return the `Subject` of a Run, where this topic has it. Runs in a thread."""
        raise NotImplementedError

    def shown(self, subject: S, on_page: str | None) -> list[Patch]:
        """Return the element of a subject. Runs in a thread.

        `on_page` is the HTML of its text that the page has, or will have with the element: what
        goes into a live one; a final one need not bring the same again.
        """
        raise NotImplementedError

    def changed(self, what: str) -> list[Patch]:
        """Return what a change of the topic does to the page. Runs in a thread."""
        raise NotImplementedError

    def renderer(self, subject: S) -> type[Renderer]:
        """Return what shows the text of a subject while it is written."""
        return StreamRenderer

    # The socket

    async def live(self, receive: Receive) -> None:
        """Serve until the client leaves, says something, or may no longer listen."""
        await receive()  # websocket.connect
        await self.send({"type": "websocket.accept"})
        watch.join(self)  # before the look at its rights, or a change in between would be missed
        serving = asyncio.create_task(self._serve())
        try:
            message = await receive()
            if message["type"] == "websocket.receive":
                await self.close(NOTHING_TO_SAY)
        finally:
            watch.leave(self)
            serving.cancel()
            await asyncio.wait([serving])
            for group in (self.topic(), RIGHTS):
                await hub().leave(group, self)

    async def close(self, code: int) -> None:
        with contextlib.suppress(OSError, RuntimeError):  # closed already
            await self.send({"type": "websocket.close", "code": code})

    def refusal(self) -> int:
        """Return the code to close with, 0 where the person may read. Runs in a thread."""
        user = session_user(self.scope["cookies"].get(settings.SESSION_COOKIE_NAME))
        if user is None:
            return SIGNED_OUT
        return 0 if self.may_read(user) else NOT_FOUND

    # Hints

    def hear(self, message: dict[str, Any]) -> None:
        """Note a message of the channel layer."""
        match message["type"]:
            case "run.frame":
                self._hear_frame(message)
            case "run.started" | "run.changed":
                self.news.add(UUID(message["run"]))
            case "topic.changed":
                self.changes.add(message["what"])
            case "rights.changed":
                self.must_recheck = True
        self.wake.set()

    def _hear_frame(self, message: dict[str, Any]) -> None:
        run_id = UUID(message["run"])
        following = self.following.get(run_id)
        if following is None:
            self.news.add(run_id)
        else:
            following.heard_at = self.loop.time()
            following.note(message["fence"], message["offset"], message["text"])

    def missed(self) -> None:
        """Hints may have been lost: begin as if the page had just connected."""
        self.must_begin = True
        self.wake.set()

    def recheck(self) -> None:
        """Look at the person's rights again before anything else is sent."""
        self.must_recheck = True
        self.wake.set()

    # Serving

    async def _serve(self) -> None:
        try:
            # Joined first, read second: whatever happens in between arrives as a hint.
            for group in (self.topic(), RIGHTS):
                await hub().join(group, self)
            while await self._turn():
                pass
        except OSError:
            pass  # the client has left
        except Exception:
            logger.exception("a socket on %s failed; its page will reconnect", self.topic())
            await self.close(FAILED)

    async def _begin(self) -> bool:
        """Bring the page up to date; `False` ends the socket."""
        self.must_begin = False
        refused, patches, live = await in_thread(self._first_look)
        if refused:
            await self.close(refused)
            return False
        if RunConsumer.buffer is None:
            RunConsumer.buffer = Buffer()
        self.following.clear()  # of texts the page gets whole now
        await self._send(patches)
        for subject in live:
            await self._attach(subject)
        return True

    def _first_look(self) -> tuple[int, list[Patch], list[S]]:
        refused = self.refusal()
        return (refused, [], []) if refused else (0, *self.arrivals())

    async def _turn(self) -> bool:
        """Wait for news, then send it; `False` ends the socket."""
        due = self.looked_at + (LOOK_AGAIN if self.following else LOOK_AGAIN_IDLE)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(due):
                await self.wake.wait()
        self.wake.clear()
        if self.loop.time() >= due:
            self.looked_at = self.loop.time()
            self.must_recheck = self.must_recheck or not self.following
            # Frames that keep coming without a gap leave no doubt.
            quiet = (f for f in self.following.values() if f.heard_at < due - LOOK_AGAIN)
            self.news.update(following.run_id for following in quiet)
        if self.must_begin:
            self.must_recheck = False
            if not await self._begin():
                return False
        if self.must_recheck:
            self.must_recheck = False
            if refused := await in_thread(self.refusal):
                await self.close(refused)
                return False
        changes, self.changes = self.changes, set()
        for what in changes:
            await self._send(await in_thread(self.changed, what))
        news, self.news = self.news, set()
        for run_id in news:
            await self._look_at(run_id)
        for following in list(self.following.values()):
            await self._forward(following)
        return True

    async def _look_at(self, run_id: UUID) -> None:
        """Read where a Run stands: start following it, catch up, or show its end."""
        subject = await in_thread(self.find, run_id)
        run = subject.live_run if subject is not None else None
        following = self.following.get(run_id)
        if subject is None or run is None:
            following = self.following.pop(run_id, None)
            if subject is not None:
                await self._send(await in_thread(self._ended, subject, following))
        elif following is None:
            await self._attach(subject)
        else:
            following.caught_up(await self._newest_text(run))
            if self._looks_old(run, following):
                following.note_shown(run, self.loop.time(), SHOW_QUEUE_AGAIN)
                html = following.renderer.snapshot()
                await self._send(await in_thread(self.shown, subject, html))

    def _ended(self, subject: S, following: Following | None) -> list[Patch]:
        """Return the text that the reader has not seen yet, and the final element."""
        if following is None:
            return self.shown(subject, None)
        following.caught_up(subject.text_so_far)
        patches = following.renderer.feed(following.take())
        return [*patches, *self.shown(subject, following.renderer.snapshot())]

    def _looks_old(self, run: Run, following: Following) -> bool:
        """Say whether a wait that began or ended is to be told, or a place to be counted anew."""
        if run.state == State.QUEUED:
            return self.loop.time() > following.shown_until
        return following.shown_wait != run.waits_for and not following.known

    async def _attach(self, subject: S) -> None:
        run = subject.live_run
        assert run is not None
        text = await self._newest_text(run)
        following, patches = await in_thread(self._followed, subject, run, text)
        if not self.following:
            self.looked_at = self.loop.time()  # what was just read need not be read again
        following.note_shown(run, self.loop.time(), LOOK_AGAIN / 2)
        self.following[run.pk] = following
        await self._send(patches)

    def _followed(self, subject: S, run: Run, text: str) -> tuple[Following, list[Patch]]:
        following = Following(run.pk, run.fence, text, self.renderer(subject))
        return following, self.shown(subject, following.renderer.snapshot())

    async def _forward(self, following: Following) -> None:
        if following.behind:
            run = await in_thread(_run, following.run_id)
            following.caught_up(await self._newest_text(run))
        if text := following.take():
            renderer = following.renderer
            # Much to parse would hold up the frames of all others.
            long = len(text) + renderer.open_length > RENDERED_AT_ONCE
            patches = await in_thread(renderer.feed, text) if long else renderer.feed(text)
            await self._send(patches)
        if following.behind:  # more than may be held at once: go on in the next turn
            self.wake.set()

    async def _newest_text(self, run: Run) -> str:
        """Return the longer of the row's text and the buffer's."""
        assert self.buffer is not None
        if run.state == State.QUEUED:
            return run.text  # nobody writes it
        try:
            buffered = await self.buffer.read(run.pk, run.fence)
        except (redis.RedisError, OSError):
            return run.text
        return max(buffered, run.text, key=len)

    async def _send(self, patches: list[Patch]) -> None:
        for patch in patches:
            message = {"target": patch.target, "swap": patch.swap, "content": patch.content}
            text = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
            await self.send({"type": "websocket.send", "text": text})


def _run(run_id: UUID) -> Run:
    return Run.objects.get(pk=run_id)
