"""The socket of an open conversation: its live answers, and what other tabs changed."""

import contextlib
import datetime as dt
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone, translation

from accounts.models import User
from boundary.markdown import Patch
from chat.bubbles import bubble_of
from chat.models import Conversation, Message
from runs.consumers import RunConsumer
from runs.models import Run

# Swapped into the page's #reload element, whose script loads the messages anew.
RELOAD = Patch("#reload", "innerHTML", "<i data-reload></i>")


class ConversationConsumer(RunConsumer):
    """`/ws/conversations/<uuid>/?since=<seconds>&head=<uuid>`.

    `since` is when the page was made (seconds since the epoch), `head` its newest message.
    """

    def topic(self) -> str:
        return f"conversation.{self.scope['url_route']['kwargs']['conversation_id']}"

    def may_read(self, user: User) -> bool:
        self.conversation_id: UUID = self.scope["url_route"]["kwargs"]["conversation_id"]
        self.language = language_of(self.scope)
        return Conversation.objects.visible_to(user).filter(pk=self.conversation_id).exists()

    def arrivals(self) -> tuple[list[Patch], list[Run]]:
        """Return the messages that changed since the page was made, and the live Runs."""
        conversation = Conversation.objects.get(pk=self.conversation_id)
        branch = Message.objects.path_to(conversation.head_id)
        since, head = self._page()
        if head is not None and head not in {message.pk for message in branch}:
            return [RELOAD], []  # the page missed more than that, or shows another branch
        late = [m for m in branch if m.updated_at > since and m.live_run is None]
        patches = [self._element(message, None) for message in late]
        return patches, list(Run.objects.live().filter(topic=self.topic()).order_by("created_at"))

    def _page(self) -> tuple[dt.datetime, UUID | None]:
        """Return when the page was made and its newest message; unusable values are left out."""
        query = parse_qs(self.scope.get("query_string", b"").decode("latin-1"))
        head = None
        with contextlib.suppress(KeyError, ValueError):
            head = UUID(query["head"][0])
        return self._since(query), head

    def _since(self, query: dict[str, list[str]]) -> dt.datetime:
        """Return when the page was made. An unusable value means: just now."""
        try:
            # A margin of one second: clocks of two processes, and a page being made.
            return dt.datetime.fromtimestamp(float(query["since"][0]) - 1, dt.UTC)
        except (KeyError, ValueError, OverflowError, OSError):
            return timezone.now()

    def shown(self, run_id: UUID, html: str | None) -> list[Patch]:
        message = (
            Message.objects.filter(run_id=run_id, conversation_id=self.conversation_id)
            .select_related("run__model", "conversation", "parent")
            .first()
        )
        if message is None:
            return []
        patches = [self._element(message, html)]
        if html is not None and message.parent is not None:
            message.parent.conversation = message.conversation
            patches.insert(0, self._element(message.parent, None))
        return patches

    def changed(self, what: str) -> list[Patch]:
        """Return what a change made elsewhere does to this page."""
        if what == "title":
            conversation = Conversation.objects.get(pk=self.conversation_id)
            html = render_to_string("chat/_title.html", {"conversation": conversation})
            return [Patch(f"#title-{self.conversation_id}", "outerHTML", html)]
        return [RELOAD]

    def _element(self, message: Message, html: str | None) -> Patch:
        """Return the message's element; the page replaces the one it has or inserts it in order."""
        with translation.override(self.language):
            bubble = bubble_of(message, html)
            content = render_to_string("chat/_message.html", {"bubble": bubble})
        return Patch("#messages", "upsert key:data-order", content)


def language_of(scope: dict[str, Any]) -> str:
    """Return the language in which the page of this socket was made."""
    request = HttpRequest()
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    request.META["HTTP_ACCEPT_LANGUAGE"] = headers.get(b"accept-language", "")
    request.COOKIES = scope.get("cookies", {})
    return translation.get_language_from_request(request)
