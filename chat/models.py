"""Conversations and their messages: a tree, whose path to `head` is what one reads."""

import datetime as dt
import uuid
from collections.abc import Iterator
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from runs.models import Run
from runs.states import State

PAGE = 40  # messages shown at once
TITLE_LENGTH = 120

# Walks from one message towards the root; a parent is older, so each step is one index look-up.
_UPWARD = """
WITH RECURSIVE path AS (
    SELECT m.*, 1 AS depth FROM chat_message m WHERE m.id = ({start})
    UNION ALL
    SELECT m.*, path.depth + 1
    FROM chat_message m JOIN path ON m.id = path.parent_id
    WHERE path.depth < %s
)
SELECT {columns} FROM path ORDER BY depth
"""
_PATH = _UPWARD.format(start="%s", columns="id")
_TURNS = _UPWARD.format(start="%s", columns="id, parent_id, role, text")
_TURNS_OF_RUN = _UPWARD.format(
    start="SELECT parent_id FROM chat_message WHERE run_id = %s",
    columns="id, parent_id, role, text",
)
_NEWEST_BELOW = """
WITH RECURSIVE down AS (
    SELECT id, 1 AS depth FROM chat_message WHERE id = %s
    UNION ALL
    SELECT child.id, down.depth + 1
    FROM down, LATERAL (
        SELECT id FROM chat_message WHERE parent_id = down.id
        ORDER BY created_at DESC, id DESC LIMIT 1
    ) child
)
SELECT id FROM down ORDER BY depth DESC LIMIT 1
"""


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def visible_to(self, user: User) -> Self:
        """Return the conversations `user` may read and write: their own."""
        return self.filter(owner_id=user.pk)

    def recent(self) -> Self:
        return self.order_by("-updated_at", "-id")

    def before(self, updated_at: dt.datetime, id: uuid.UUID) -> Self:
        """Return those that come after the given one in `recent` order (the next page)."""
        return self.filter(Q(updated_at__lt=updated_at) | Q(updated_at=updated_at, id__lt=id))


class Conversation(models.Model):
    """A person's talk with models. `head` is the newest message of the branch on show."""

    class TitledBy(models.TextChoices):
        WORDS = "words", _("first words")
        MODEL = "model", _("model")
        PERSON = "person", _("person")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="conversations"
    )
    title = models.CharField(_("title"), max_length=TITLE_LENGTH)
    titled_by = models.CharField(max_length=10, choices=TitledBy, default=TitledBy.WORDS)
    model = models.ForeignKey(
        "providers.ModelSpec", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    head = models.ForeignKey(
        "chat.Message", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now())

    objects = ConversationQuerySet.as_manager()

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        indexes: ClassVar = [
            models.Index(fields=["owner", "-updated_at", "-id"], name="chat_recent_first")
        ]

    def __str__(self) -> str:
        # Not the title: logs and the administration do not say what people talk about.
        return f"conversation {self.pk}"

    @property
    def topic(self) -> str:
        """The channel-layer group that hears of this conversation."""
        return f"conversation.{self.pk}"


class MessageQuerySet(models.QuerySet["Message"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(conversation__owner_id=user.pk)

    def path_to(self, head_id: uuid.UUID | None, length: int = PAGE) -> list["Message"]:
        """Return the last `length` messages of the branch that ends in `head_id`, oldest first."""
        if head_id is None:
            return []
        ids = [row.pk for row in self.model.objects.raw(_PATH, [head_id, length])][::-1]
        found = self.select_related("run__model", "run__served_by").in_bulk(ids)
        return [found[pk] for pk in ids if pk in found]

    def page_before(self, message: "Message", length: int = PAGE) -> list["Message"]:
        """Return the page of messages above `message` on its branch, oldest first."""
        return self.path_to(message.parent_id, length)

    def upward_from(self, run: Run) -> Iterator["Message"]:
        """Yield what the Run's answer follows from, newest first, read in bounded pages.

        Only id, parent, role and text are loaded.
        """
        page = list(self.model.objects.raw(_TURNS_OF_RUN, [run.pk, PAGE]))
        yield from page
        while len(page) == PAGE and page[-1].parent_id is not None:
            page = list(self.model.objects.raw(_TURNS, [page[-1].parent_id, PAGE]))
            yield from page


class Message(models.Model):
    """One message. An answer's text belongs to its Run while that is live."""

    class Role(models.TextChoices):
        USER = "user", _("user")
        ASSISTANT = "assistant", _("assistant")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="messages"
    )
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.CASCADE, related_name="children"
    )
    role = models.CharField(_("role"), max_length=10, choices=Role)
    text = models.TextField(_("text"), blank=True)
    run = models.OneToOneField(
        "runs.Run", null=True, blank=True, on_delete=models.SET_NULL, related_name="message"
    )
    # The oldest message the model was sent, where the conversation no longer fits its context.
    sees_from = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now())

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        indexes: ClassVar = [
            models.Index(fields=["conversation", "updated_at"], name="chat_changed_since")
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(role="assistant") | Q(run__isnull=True), name="chat_only_answers_run"
            ),
            models.CheckConstraint(
                condition=Q(role="user") | Q(parent__isnull=False), name="chat_answers_answer"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()} {self.pk}"

    @property
    def live_run(self) -> Run | None:
        """The Run that is still writing this answer, or `None`."""
        return self.run if self.run is not None and self.run.is_live else None

    @property
    def is_unfinished(self) -> bool:
        """The answer ended before it was whole: stopped, broken off, or at the length limit."""
        if self.run is None or self.run.is_live or not self.text.strip():
            return False
        return self.run.state != State.DONE or self.run.finish_reason == "length"

    @property
    def text_so_far(self) -> str:
        """What can be shown of the message now, without the newest second while it is written."""
        return self.live_run.text if self.live_run else self.text

    def newest_below(self) -> uuid.UUID:
        """Return the id of the branch's end, taking the newest child at every fork."""
        return self.__class__.objects.raw(_NEWEST_BELOW, [self.pk])[0].pk


class Draft(models.Model):
    """What a person has typed and not sent: one for each conversation, one for a new one."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="drafts"
    )
    conversation = models.OneToOneField(
        Conversation, null=True, blank=True, on_delete=models.CASCADE, related_name="draft"
    )
    text = models.TextField()

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["owner"], condition=Q(conversation=None), name="chat_one_new_draft"
            )
        ]

    def __str__(self) -> str:
        return f"draft {self.pk}"
