"""Messages as a page shows them: what `chat/_message.html` needs, with no query in the template."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self
from uuid import UUID

from django.utils import timezone
from django.utils.safestring import SafeString

from boundary.markdown import render
from chat.models import Message
from providers.errors import Sentence, sentence_of
from runs.states import State

A_MOMENT = dt.timedelta(seconds=1)  # most answers wait less for a worker; their place is no news


@dataclass(frozen=True)
class Branch:
    """Where a message stands among the versions beside it; ids of its neighbours or `None`."""

    number: int
    count: int
    previous: UUID | None
    next: UUID | None

    @classmethod
    def among(cls, versions: Sequence[UUID], own: UUID) -> Self | None:
        if len(versions) < 2:
            return None
        at = versions.index(own)
        return cls(
            number=at + 1,
            count=len(versions),
            previous=versions[at - 1] if at else None,
            next=versions[at + 1] if at + 1 < len(versions) else None,
        )


@dataclass(frozen=True)
class Bubble:
    """One message on show. `html` is sanitised; `text` is its source.

    Of a text that `is_on_page` already only the place is sent.
    """

    message: Message
    text: str
    html: SafeString
    branch: Branch | None = None
    is_edge: bool = False
    is_on_page: bool = False

    @property
    def id(self) -> UUID:
        return self.message.pk

    @property
    def role(self) -> str:
        return self.message.role

    @property
    def order(self) -> int:
        """A number by which a page's messages are in order: microseconds since the epoch."""
        return int(self.message.created_at.timestamp() * 1_000_000)

    @property
    def run_id(self) -> UUID | None:
        return self.message.run_id

    @property
    def state(self) -> str:
        """The Run's state; a question, and an answer whose Run was forgotten, are done."""
        return self.message.run.state if self.message.run else State.DONE.value

    @property
    def is_live(self) -> bool:
        return self.message.live_run is not None

    @property
    def has_text(self) -> bool:
        return bool(self.text.strip())

    @property
    def is_cut(self) -> bool:
        """The answer ended at the cap of its length."""
        return self.message.run is not None and self.message.run.finish_reason == "length"

    @property
    def is_cut_by_limit(self) -> bool:
        """That cap was lower than the model's own."""
        return self.is_cut and bool(self.message.run and self.message.run.error_kind)

    @property
    def waits_at_limit(self) -> bool:
        run = self.message.run
        return run is not None and run.state == State.RUNNING and bool(run.waits_for)

    @property
    def is_broken(self) -> bool:
        return self.state in (State.FAILED, State.INTERRUPTED)

    @property
    def can_continue(self) -> bool:
        return self.message.is_unfinished

    @property
    def can_retry(self) -> bool:
        return self.role == Message.Role.ASSISTANT and not self.is_live

    @property
    def sentence(self) -> Sentence:
        """What went wrong, safe to show."""
        return sentence_of(self.message.run.error_kind) if self.message.run else ""

    @property
    def model_label(self) -> str:
        run = self.message.run
        return run.model.label if run and run.model else ""

    @property
    def served_label(self) -> str:
        """The model that answered in the name of the one that was asked, where it was another."""
        run = self.message.run
        if run is None or run.served_by is None or run.served_by_id == run.model_id:
            return ""
        return run.served_by.label if self.has_text else ""

    @cached_property
    def place(self) -> int:
        """The place in the queue, from 1, of an answer that has waited for a moment; else 0."""
        run = self.message.run
        if run is None or run.state != State.QUEUED or timezone.now() - run.created_at < A_MOMENT:
            return 0
        return run.place_in_queue()


def bubble_of(message: Message) -> Bubble:
    return bubbles_of([message])[0]


def bubbles_of(messages: Sequence[Message], on_page: str | None = None) -> list[Bubble]:
    """Return a page of messages as bubbles, with one query for all their versions.

    `on_page` is what the page has of the one answer among them that is being written, or was
    until now: HTML that is sanitised.
    """
    versions = _versions(messages)
    edge = next((m.sees_from_id for m in reversed(messages) if m.sees_from_id), None)
    bubbles = []
    for message in messages:
        html = _html(message, on_page)
        is_answer = message.role == Message.Role.ASSISTANT
        bubbles.append(
            Bubble(
                message=message,
                text=message.text_so_far,
                html=html,
                branch=Branch.among(versions[message.parent_id], message.pk),
                is_edge=message.pk == edge,
                is_on_page=is_answer and html == on_page and message.live_run is None,
            )
        )
    return bubbles


def _html(message: Message, on_page: str | None = None) -> SafeString:
    """Render an answer. What a person wrote is shown as they wrote it."""
    if message.role == Message.Role.USER:
        return SafeString("")
    if on_page is not None and message.live_run is not None:
        return SafeString(on_page)
    return render(message.text_so_far)


def bubbles_of_new(messages: Sequence[Message]) -> list[Bubble]:
    """Return messages that were written just now below a branch's end: no versions stand beside."""
    return [Bubble(message, message.text_so_far, _html(message)) for message in messages]


def _versions(messages: Sequence[Message]) -> dict[UUID | None, list[UUID]]:
    """Return the ids below the parent of each message that is whole, oldest first."""
    versions: dict[UUID | None, list[UUID]] = defaultdict(list)
    parents = {m.parent_id for m in messages if m.parent_id and m.live_run is None}
    if not parents:
        return versions
    beside = Message.objects.filter(
        conversation_id=messages[0].conversation_id, parent_id__in=parents
    ).order_by("created_at", "id")
    for pk, parent_id in beside.values_list("pk", "parent_id"):
        versions[parent_id].append(pk)
    return versions
