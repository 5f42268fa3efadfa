"""The socket of an open conversation: its live answers, and what other tabs changed."""

import contextlib
import datetime as dt
from uuid import UUID

from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils import translation

from accounts.models import User
from boundary.markdown import Patch
from chat.bubbles import bubbles_of
from chat.models import Conversation, Message
from runs.consumers import RELOAD, RunConsumer
from runs.scopes import language_of, made_at, query_of
from runs.states import LIVE


class ConversationConsumer(RunConsumer[Message]):
    """`/ws/conversations/<uuid>/?since=<seconds>&head=<uuid>`.

    `since` is when the page was made (seconds since the epoch), `head` its newest message.
    """

    def topic(self) -> str:
        return f"conversation.{self.scope['url_route']['kwargs']['conversation_id']}"

    def may_read(self, user: User) -> bool:
        self.conversation_id: UUID = self.scope["url_route"]["kwargs"]["conversation_id"]
        self.language = language_of(self.scope)
        # Kept, for `arrivals` to show its branch.
        own = Conversation.objects.visible_to(user).filter(pk=self.conversation_id)
        self.conversation = own.first()
        return self.conversation is not None

    def arrivals(self) -> tuple[list[Patch], list[Message]]:
        """Return the elements that changed since the page was made, and the live answers."""
        assert self.conversation is not None  # looked at just now
        branch = Message.objects.path_to(self.conversation.head_id)
        since, head = self._page()
        if head is not None and head not in {message.pk for message in branch}:
            return [RELOAD], []  # the page missed more than that, or shows another branch
        late = [m for m in branch if m.updated_at > since and m.live_run is None]
        live = self._answers().filter(run__topic=self.topic(), run__state__in=LIVE)
        return self._elements(late), list(live.order_by("created_at"))

    def _page(self) -> tuple[dt.datetime, UUID | None]:
        """Return when the page was made and its newest message; unusable values are left out."""
        head = None
        with contextlib.suppress(KeyError, ValueError):
            head = UUID(query_of(self.scope)["head"][0])
        return made_at(self.scope), head

    def _answers(self) -> QuerySet[Message]:
        """Return the conversation's messages with what their elements need."""
        own = Message.objects.filter(conversation_id=self.conversation_id)
        return own.select_related("run__model", "run__served_by", "parent")

    def find(self, run_id: UUID) -> Message | None:
        return next(iter(self._answers().filter(run_id=run_id)), None)

    def shown(self, subject: Message, on_page: str | None) -> list[Patch]:
        """Return the answer's element; while it is written its question goes before it."""
        if subject.live_run is None or subject.parent is None:
            return self._elements([subject], on_page)
        return self._elements([subject.parent, subject], on_page)

    def changed(self, what: str) -> list[Patch]:
        """Return what a change made elsewhere does to this page."""
        if what == "title":
            conversation = Conversation.objects.get(pk=self.conversation_id)
            html = render_to_string("chat/_title.html", {"conversation": conversation})
            return [Patch(f"#title-{self.conversation_id}", "outerHTML", html)]
        return [RELOAD]

    def _elements(self, messages: list[Message], on_page: str | None = None) -> list[Patch]:
        """Return messages' elements; the page replaces those it has and inserts others in order."""
        with translation.override(self.language):
            contents = [
                render_to_string("chat/_message.html", {"bubble": bubble})
                for bubble in bubbles_of(messages, on_page)
            ]
        return [Patch("#messages", "upsert key:data-order", content) for content in contents]
