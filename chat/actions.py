"""What a person does in a conversation. Each verb is one transaction."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.models import User
from chat.models import TITLE_LENGTH, Conversation, Draft, Message
from providers.errors import LimitReached
from providers.models import ModelSpec
from runs.actions import queue_run, request_stop
from runs.forms import OUT_OF_DATE
from runs.hints import publish
from runs.models import Run

LONGEST_MESSAGE = 200_000  # code points


@dataclass(frozen=True)
class Exchange:
    """A question and its answer, as one post makes them."""

    question: Message
    answer: Message

    @property
    def conversation(self) -> Conversation:
        return self.question.conversation


def clean_text(text: str) -> str:
    """Return `text` as it is kept. Raises `ValidationError` with a sentence safe to show."""
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise ValidationError(_("Write a message first."), code="empty")
    if len(text) > LONGEST_MESSAGE:
        raise ValidationError(
            _("The message is too long: %(length)d of at most %(most)d characters."),
            code="too_long",
            params={"length": len(text), "most": LONGEST_MESSAGE},
        )
    if "\x00" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise ValidationError(_("The message holds characters that are no text."), code="no_text")
    return text


def title_from(text: str) -> str:
    """Return the first words of `text`, cut at a word where there is one."""
    line = " ".join(text.split())
    if len(line) <= 60:
        return line
    cut = line[:60]
    return (cut.rsplit(" ", 1)[0] if " " in cut[20:] else cut)[: TITLE_LENGTH - 1] + "…"


def start_conversation(user: User, text: str, model: ModelSpec, client_id: uuid.UUID) -> Exchange:
    """Make a conversation with its first message and a queued answer.

    Called again with the same `client_id` it returns what the first call made, whatever the limits
    say meanwhile. Raises `LimitReached` where no answer could begin soon, as do all verbs below
    that queue one; then nothing is written.
    """
    text = clean_text(text)
    return _once(
        user,
        client_id,
        lambda: _start(user, text, model, client_id),
        lambda made: made.question.parent_id is None and made.question.text == text,
    )


def _start(user: User, text: str, model: ModelSpec, client_id: uuid.UUID) -> Exchange:
    Draft.objects.filter(owner=user, conversation=None).delete()
    conversation = Conversation.objects.create(owner=user, title=title_from(text), model=model)
    return _ask(conversation, None, text, model, client_id)


def send_message(
    conversation: Conversation, text: str, model: ModelSpec, client_id: uuid.UUID
) -> Exchange:
    """Write the owner's message below the newest one and queue its answer, once per `client_id`.

    Raises `Conversation.DoesNotExist` where it was deleted meanwhile, as do the verbs below.
    """
    text = clean_text(text)

    def send() -> Exchange:
        locked = _locked(conversation)
        return _ask(locked, locked.head_id, text, model, client_id)

    return _once(
        conversation.owner,
        client_id,
        send,
        lambda made: made.conversation == conversation and made.question.text == text,
    )


def _locked(conversation: Conversation) -> Conversation:
    """Return it as it stands now; nobody else changes anything in it until the commit."""
    locked = Conversation.objects.select_for_update().get(pk=conversation.pk)
    locked.owner = conversation.owner  # known already
    return locked


def _ask(
    conversation: Conversation,
    parent_id: uuid.UUID | None,
    text: str,
    model: ModelSpec,
    client_id: uuid.UUID,
) -> Exchange:
    question = Message.objects.create(
        conversation=conversation, parent_id=parent_id, role=Message.Role.USER, text=text
    )
    return Exchange(question, _answer(question, model, client_id))


def _answer(question: Message, model: ModelSpec, client_id: uuid.UUID) -> Message:
    """Queue an answer to `question` and show it as the conversation's newest message."""
    conversation = question.conversation
    run = _queue(conversation, model, client_id)
    answer = Message.objects.create(
        conversation=conversation, parent=question, role=Message.Role.ASSISTANT, run=run
    )
    _show(conversation, answer, model)
    return answer


def _queue(
    conversation: Conversation, model: ModelSpec, client_id: uuid.UUID, prefix: str = ""
) -> Run:
    run = queue_run(
        door="chat",
        topic=conversation.topic,
        user=conversation.owner,
        model=model,
        client_id=client_id,
        prefix=prefix,
    )
    hint = {"type": "run.started", "run": str(run.pk)}
    transaction.on_commit(lambda: publish(conversation.topic, hint))
    return run


def _show(conversation: Conversation, answer: Message, model: ModelSpec) -> None:
    """Make `answer` the conversation's newest message and the conversation the newest of all."""
    Draft.objects.filter(conversation=conversation).delete()
    conversation.head = answer
    conversation.model = model
    conversation.updated_at = Now()
    conversation.save(update_fields=["head", "model", "updated_at"])


def _once(
    user: User,
    client_id: uuid.UUID,
    make: Callable[[], Exchange],
    is_same: Callable[[Exchange], bool],
) -> Exchange:
    """Return what `make` makes, or what an earlier call with this `client_id` made.

    Raises `ValidationError` where that was asked for something else: it must not pass for done.
    """
    try:
        with transaction.atomic():
            return make()
    except (IntegrityError, LimitReached):
        made = _made_before(user, client_id)
        if made is None:
            raise
    if not is_same(made):
        raise ValidationError(OUT_OF_DATE, code="another_request")
    return made


def _made_before(user: User, client_id: uuid.UUID) -> Exchange | None:
    answer = (
        Message.objects.select_related("parent", "conversation", "run__model", "run__served_by")
        .filter(run__account__user=user, run__client_id=client_id)
        .first()
    )
    if answer is None or answer.parent is None:
        return None
    answer.parent.conversation = answer.conversation
    return Exchange(answer.parent, answer)


def regenerate(answer: Message, model: ModelSpec, client_id: uuid.UUID) -> Exchange:
    """Queue another answer beside `answer` and show it; the earlier one stays a branch away."""
    question = answer.parent
    if question is None or answer.role != Message.Role.ASSISTANT:
        raise ValidationError(_("Only an answer can be written again."), code="not_an_answer")

    def again() -> Exchange:
        question.conversation = _locked(answer.conversation)
        if _reread(answer).live_run is not None:
            raise ValidationError(_("This answer is still being written."), code="live")
        return Exchange(question, _answer(question, model, client_id))

    return _once(
        answer.conversation.owner, client_id, again, lambda made: made.question == question
    )


def _reread(answer: Message) -> Message:
    """Return the answer as it stands under the conversation's lock."""
    return Message.objects.select_related("run", "parent").get(pk=answer.pk)


def continue_answer(answer: Message, model: ModelSpec, client_id: uuid.UUID) -> Exchange:
    """Let a model write on where an unfinished answer ends."""

    def go_on() -> Exchange:
        conversation = _locked(answer.conversation)
        unfinished = _reread(answer)  # another tab may have let it go on just now
        if not unfinished.is_unfinished or unfinished.parent is None:
            made = _made_before(conversation.owner, client_id)
            if made is None:
                raise ValidationError(_("This answer cannot be continued."), code="not_unfinished")
            return made
        unfinished.run = _queue(conversation, model, client_id, prefix=unfinished.text)
        unfinished.updated_at = Now()
        unfinished.save(update_fields=["run", "updated_at"])
        unfinished.conversation = unfinished.parent.conversation = conversation
        _show(conversation, unfinished, model)
        return Exchange(unfinished.parent, unfinished)

    return _once(answer.conversation.owner, client_id, go_on, lambda made: made.answer == answer)


def stop_answer(answer: Message) -> None:
    """Stop writing; what was written stays. Without a live Run nothing happens."""
    if answer.live_run is not None:
        request_stop(answer.live_run)


def show_branch(message: Message) -> None:
    """Show the branch through `message`, down to its newest message."""
    with transaction.atomic():
        conversation = _locked(message.conversation)
        conversation.head_id = message.newest_below()
        conversation.save(update_fields=["head"])
        topic = conversation.topic
        transaction.on_commit(lambda: publish(topic, {"type": "topic.changed", "what": "branch"}))


def rename_conversation(conversation: Conversation, title: str) -> None:
    """Give the conversation its owner's title. Raises `ValidationError` for an unusable one."""
    title = " ".join(clean_text(title).split())[:TITLE_LENGTH]
    Conversation.objects.filter(pk=conversation.pk).update(
        title=title, titled_by=Conversation.TitledBy.PERSON
    )


def name_by_model(conversation: Conversation, title: str) -> None:
    """Give the conversation a model's title, unless its owner or a model named it meanwhile."""
    unnamed = Conversation.objects.filter(pk=conversation.pk, titled_by=Conversation.TitledBy.WORDS)
    if title and unnamed.update(title=title, titled_by=Conversation.TitledBy.MODEL):
        publish(conversation.topic, {"type": "topic.changed", "what": "title"})


def delete_conversation(conversation: Conversation) -> None:
    """Delete the conversation with all its messages; then stop what is still being written.

    Not in one transaction: a worker locks a Run before its message, and this would be the other
    way round.
    """
    topic = conversation.topic  # deleting forgets the key
    with transaction.atomic():
        _locked(conversation)
        conversation.delete()
        transaction.on_commit(lambda: publish(topic, {"type": "rights.changed"}))
    for run in Run.objects.live().filter(topic=topic):
        request_stop(run)


def save_draft(user: User, conversation: Conversation | None, text: str) -> None:
    """Keep what the person has typed so far; an empty text forgets it."""
    text = text.replace("\x00", "")[:LONGEST_MESSAGE]
    with transaction.atomic():
        if conversation is not None:
            _locked(conversation)
        if text.strip():
            Draft.objects.update_or_create(
                owner=user, conversation=conversation, defaults={"text": text}
            )
        else:
            Draft.objects.filter(owner=user, conversation=conversation).delete()
