"""What of a conversation a model is sent."""

import uuid

import pytest

from accounts.models import User
from chat import actions
from chat.door import ChatDoor
from chat.models import Message
from providers.errors import ContextTooLong
from providers.models import ModelSpec, Provider

pytestmark = pytest.mark.django_db


@pytest.fixture
def ask():
    """Ask a question of a model with a context of 600 tokens, 100 of them for the answer."""
    person = User.objects.create_user("person@example.test", "x")
    provider = Provider.objects.create(name="A provider", base_url="http://127.0.0.1:1/v1")
    spec = ModelSpec.objects.create(
        provider=provider, name="m", label="M", context_window=600, max_output_tokens=100
    )
    conversations = []

    def ask(text: str, answer: str | None = None) -> actions.Exchange:
        if conversations:
            sent = actions.send_message(conversations[0], text, spec, uuid.uuid4())
        else:
            sent = actions.start_conversation(person, text, spec, uuid.uuid4())
            conversations.append(sent.conversation)
        if answer is not None:
            Message.objects.filter(pk=sent.answer.pk).update(text=answer)
        return sent

    return ask


def prompt_of(exchange: actions.Exchange) -> list[tuple[str, str]]:
    prompt = ChatDoor().build(exchange.answer.run, exchange.answer.run.model)
    return [(turn.role, turn.text) for turn in prompt.turns]


def test_the_branch_is_sent_oldest_first(ask):
    ask("One?", "One.")
    assert prompt_of(ask("Two?")) == [("user", "One?"), ("assistant", "One."), ("user", "Two?")]


def test_what_does_not_fit_is_left_out_and_the_edge_is_known(ask):
    ask("old " * 900, "old answer " * 900)
    kept = ask("newer?", "newer.")
    last = ask("newest?")
    assert prompt_of(last)[0] == ("user", "newer?")
    last.answer.refresh_from_db()
    assert last.answer.sees_from == kept.question


def test_a_conversation_that_fits_has_no_edge(ask):
    last = ask("short?")
    prompt_of(last)
    last.answer.refresh_from_db()
    assert last.answer.sees_from is None


def test_a_question_that_cannot_fit_is_refused(ask):
    with pytest.raises(ContextTooLong):
        prompt_of(ask("long " * 600))


def test_failed_answers_leave_no_empty_turns(ask):
    ask("One?", "")
    assert prompt_of(ask("Two?")) == [("user", "One?\n\nTwo?")]


def test_an_answer_that_goes_on_is_sent_with_what_it_has(ask):
    sent = ask("Say more")
    sent.answer.run.prefix = "More and"
    assert prompt_of(sent)[-1] == ("assistant", "More and")
