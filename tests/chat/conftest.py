"""A conversation with its model, for the tests of the chat's pages."""

import uuid
from collections.abc import Callable

import pytest

from accounts.models import User
from chat import actions
from chat.models import Conversation, Message
from providers.models import ModelSpec, Provider
from runs.actions import finish
from runs.claims import claim
from runs.states import State


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs stay queued until a test ends them."""
    monkeypatch.setattr("runs.actions.hint_worker", lambda run_id: None)


@pytest.fixture
def model(db: None) -> ModelSpec:
    provider = Provider.objects.create(name="A provider", base_url="http://127.0.0.1:1/v1")
    return ModelSpec.objects.create(
        provider=provider, name="m", label="Model M", is_default=True, makes_titles=False
    )


@pytest.fixture
def other_model(model: ModelSpec) -> ModelSpec:
    return ModelSpec.objects.create(provider=model.provider, name="n", label="Model N")


@pytest.fixture
def exchange(owner: User, model: ModelSpec) -> actions.Exchange:
    """A question of the owner and its queued answer."""
    return actions.start_conversation(owner, "Why are rainbows round?", model, uuid.uuid4())


@pytest.fixture
def conversation(exchange: actions.Exchange) -> Conversation:
    return exchange.conversation


@pytest.fixture
def ended() -> Callable[..., Message]:
    """End an exchange's Run, and return the answer."""

    def end(exchange: actions.Exchange, text: str = "Drops.", state: State = State.DONE) -> Message:
        run = claim(exchange.answer.run_id, "test")
        assert run is not None
        reason = "stop" if state is State.DONE else ""
        error = "cut_stream" if state in (State.FAILED, State.INTERRUPTED) else ""
        assert finish(run, state, text=text, finish_reason=reason, error_kind=error)
        return Message.objects.select_related("run", "conversation").get(pk=exchange.answer.pk)

    return end


@pytest.fixture
def grown(owner: User, model: ModelSpec, conversation: Conversation) -> Callable[[int], None]:
    """Give the conversation this many further messages, cheaply."""

    def grow(count: int) -> None:
        parent_id = conversation.head_id
        made = []
        for number in range(count):
            role = Message.Role.ASSISTANT if number % 2 else Message.Role.USER
            made.append(
                Message(
                    conversation=conversation, parent_id=parent_id, role=role, text=f"n{number}"
                )
            )
            parent_id = made[-1].pk
        Message.objects.bulk_create(made)
        Conversation.objects.filter(pk=conversation.pk).update(head_id=parent_id)
        conversation.refresh_from_db()

    return grow
