"""What the chat's pages show, read with a fixed number of queries."""

import datetime as dt
import time
import uuid
from dataclasses import dataclass, field
from typing import Any, Self

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from chat.actions import Exchange
from chat.bubbles import Bubble, bubbles_of, bubbles_of_new
from chat.composer import Composer
from chat.models import Conversation, Message

ROWS = 30  # conversations a page of the sidebar holds


@dataclass(frozen=True)
class Row:
    """A conversation in the sidebar; `heading` opens a new group of days above it."""

    conversation: Conversation
    heading: str
    is_open: bool


@dataclass(frozen=True)
class Cursor:
    """Where a page of conversations ended: the sort key of its last row."""

    updated_at: dt.datetime
    id: uuid.UUID

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str()` wrote. Raises `ValueError` for anything else."""
        stamp, _separator, key = text.partition("_")
        when = dt.datetime.fromtimestamp(int(stamp) / 1_000_000, dt.UTC)
        return cls(when, uuid.UUID(key))

    def __str__(self) -> str:
        microseconds = round(self.updated_at.timestamp() * 1_000_000)
        return f"{microseconds}_{self.id}"


@dataclass(frozen=True)
class Sidebar:
    """One page of a person's conversations, newest first; `next` is the cursor of the next.

    `is_first` says that it begins the list: new conversations are put in after its first element.
    """

    rows: list[Row]
    next: Cursor | None
    is_first: bool = True

    @property
    def begins_today(self) -> bool:
        return bool(self.rows) and self.rows[0].heading == _("Today")

    @classmethod
    def of(cls, user: User, after: Cursor | None = None, is_open: uuid.UUID | None = None) -> Self:
        found = Conversation.objects.visible_to(user).recent()
        if after is not None:
            found = found.before(after.updated_at, after.id)
        page = list(found[: ROWS + 1])
        more, page = len(page) > ROWS, page[:ROWS]
        heading = _heading(after.updated_at) if after else ""
        rows = []
        for conversation in page:
            above, heading = heading, _heading(conversation.updated_at)
            shown = heading if heading != above else ""
            rows.append(Row(conversation, shown, conversation.pk == is_open))
        end = Cursor(page[-1].updated_at, page[-1].pk) if more else None
        return cls(rows, end, is_first=after is None)


def _heading(moment: dt.datetime) -> str:
    days = (timezone.localdate() - timezone.localdate(moment)).days
    if days <= 0:
        return _("Today")
    return _("Yesterday") if days == 1 else _("Earlier")


@dataclass(frozen=True)
class Page:
    """Messages in order; `older` is the first one's id where there are earlier ones."""

    bubbles: list[Bubble]
    older: uuid.UUID | None
    made_at: float = field(default_factory=time.time)

    @classmethod
    def of(cls, messages: list[Message]) -> Self:
        has_older = bool(messages) and messages[0].parent_id is not None
        return cls(bubbles_of(messages), messages[0].pk if has_older else None)

    @property
    def is_live(self) -> bool:
        return any(bubble.is_live for bubble in self.bubbles)


def new_chat(user: User, text: str | None = None, error: str = "") -> dict[str, Any]:
    """Return the context of `chat/home.html`."""
    return {
        "sidebar": Sidebar.of(user),
        "composer": Composer.of(user, None, text, error),
        "starters": [
            _("Explain why rainbows are round"),
            _("Write a short poem about autumn rain"),
            _("Draft a polite reminder about an unpaid invoice"),
            _("Suggest three names for a small bakery"),
        ],
    }


def conversation_page(
    user: User,
    conversation: Conversation,
    *,
    above: Message | None = None,
    text: str | None = None,
    error: str = "",
) -> dict[str, Any]:
    """Return the context of `chat/conversation.html`: the newest messages, or those `above` one."""
    made_at = time.time()
    if above is None:
        messages = Message.objects.path_to(conversation.head_id)
    else:
        messages = Message.objects.page_before(above)
    page = Page.of(messages)
    return {
        "conversation": conversation,
        "sidebar": Sidebar.of(user, is_open=conversation.pk),
        "composer": Composer.of(user, conversation, text, error),
        "page": Page(page.bubbles, page.older, made_at),
    }


def started(user: User, exchange: Exchange, made_at: float) -> dict[str, Any]:
    """Return the context of `chat/_started.html`; `made_at` is a moment before the post."""
    conversation = exchange.conversation
    if exchange.answer.live_run is not None:
        page = Page(bubbles_of_new([exchange.question, exchange.answer]), None, made_at)
    else:  # sent again, it found its answer
        page = Page.of(Message.objects.path_to(conversation.head_id))
    return {
        "conversation": conversation,
        "row": Row(conversation, heading=_("Today"), is_open=True),
        "composer": Composer.of(user, conversation, text=""),
        "page": page,
    }
