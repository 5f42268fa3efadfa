"""The chat door: prompts from the branch above the answer, texts into its message."""

from collections.abc import Iterable
from itertools import chain

from django.db.models.functions import Now

from chat.models import Message
from chat.tasks import title_conversation
from providers.errors import ContextTooLong
from providers.models import ModelSpec
from providers.tokens import FRAMING, count
from providers.values import Prompt, Turn
from runs.hints import send_task
from runs.models import Run
from runs.states import State


class ChatDoor:
    """See `runs.doors.Door`."""

    def build(self, run: Run, model: ModelSpec) -> Prompt:
        """Return the newest messages of the branch that fit the model, oldest first."""
        messages: Iterable[Message] = Message.objects.upward_from(run)
        if run.prefix:  # an answer that goes on is sent with what it has
            messages = chain([Message(role=Message.Role.ASSISTANT, text=run.prefix)], messages)
        room = model.context_window - model.max_output_tokens
        turns, oldest = fitting_turns(messages, model, room - 2 * FRAMING)
        if oldest is None:
            raise ContextTooLong
        if oldest.parent_id is not None:
            Message.objects.filter(run=run).update(sees_from=oldest)
        elif model.pk != run.model_id:  # one that was asked before it may have seen less
            Message.objects.filter(run=run).update(sees_from=None)
        return Prompt(turns=turns, max_tokens=model.max_output_tokens, may_be_shorter=True)

    def finish(self, run: Run) -> None:
        Message.objects.filter(run=run).update(text=run.text, updated_at=Now())

    def finished(self, run: Run) -> None:
        if run.state == State.DONE and run.served_by is not None and run.served_by.makes_titles:
            send_task(title_conversation, str(run.pk))


def fitting_turns(
    messages: Iterable[Message], model: ModelSpec, room: int
) -> tuple[tuple[Turn, ...], Message | None]:
    """Return the turns of the newest messages that fit into `room` tokens, and the oldest one.

    Messages without text (failed answers) are left out and neighbours of one role joined, since
    many chat templates insist on turns that alternate.
    """
    turns: list[Turn] = []
    oldest: Message | None = None
    for message in messages:
        if message.text:
            room -= count(message.text, model) + FRAMING
            if room < 0:
                break
            _prepend(turns, message)
        oldest = message
    if len(turns) > 1 and turns[-1].role == "assistant":
        turns.pop()  # an answer whose question was cut off; many templates refuse it
    return tuple(reversed(turns)), oldest


def _prepend(turns: list[Turn], message: Message) -> None:
    """Add an older message to `turns`, which are kept newest first."""
    role = Turn("user" if message.role == Message.Role.USER else "assistant", message.text)
    if turns and turns[-1].role == role.role:
        turns[-1] = Turn(role.role, f"{role.text}\n\n{turns[-1].text}")
    else:
        turns.append(role)
