"""What a person does in a conversation, and what never happens twice."""

import uuid

import pytest
from django.core.exceptions import ValidationError

from accounts.models import User
from chat import actions
from chat.models import Conversation, Draft, Message
from providers.models import ModelSpec, Provider
from runs.actions import finish
from runs.claims import claim
from runs.models import Run
from runs.states import State

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> User:
    return User.objects.create_user("person@example.test", "x")


@pytest.fixture
def spec() -> ModelSpec:
    provider = Provider.objects.create(name="A provider", base_url="http://127.0.0.1:1/v1")
    return ModelSpec.objects.create(provider=provider, name="m", label="M")


@pytest.fixture
def first(person: User, spec: ModelSpec) -> actions.Exchange:
    return actions.start_conversation(person, "First question", spec, uuid.uuid4())


def answered(exchange: actions.Exchange, text: str, state: State = State.DONE) -> Message:
    """End the exchange's Run with `text` and return the answer."""
    run = claim(exchange.answer.run_id, "test")
    assert run is not None
    reason = "stop" if state is State.DONE else ""
    assert finish(run, state, text=text, finish_reason=reason)
    return Message.objects.select_related("run", "conversation", "parent").get(
        pk=exchange.answer.pk
    )


def test_the_first_message_makes_a_conversation_named_after_its_words(first):
    assert first.conversation.title == "First question"
    assert first.conversation.head == first.answer
    assert first.answer.parent == first.question
    assert first.answer.run.state == "queued"


def test_a_repeated_start_finds_what_the_first_made(person, spec):
    client_id = uuid.uuid4()
    one = actions.start_conversation(person, "Hello", spec, client_id)
    two = actions.start_conversation(person, "Hello", spec, client_id)
    assert one.answer == two.answer
    assert (Conversation.objects.count(), Message.objects.count(), Run.objects.count()) == (1, 2, 1)


def test_a_repeated_message_finds_its_answer(first, spec):
    client_id = uuid.uuid4()
    sent = {
        actions.send_message(first.conversation, "Next", spec, client_id).answer.pk
        for _ in range(3)
    }
    assert len(sent) == 1
    assert Message.objects.count() == 4


def test_two_people_may_use_the_same_client_id(spec):
    client_id = uuid.uuid4()
    for name in ("a", "b"):
        user = User.objects.create_user(f"{name}@example.test", "x")
        actions.start_conversation(user, "Hello", spec, client_id)
    assert Conversation.objects.count() == 2


def test_messages_follow_each_other(first, spec):
    second = actions.send_message(first.conversation, "Second", spec, uuid.uuid4())
    path = Message.objects.path_to(second.answer.pk)
    assert [m.pk for m in path] == [
        first.question.pk,
        first.answer.pk,
        second.question.pk,
        second.answer.pk,
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        (" \n\t ", "empty"),
        ("x" * (actions.LONGEST_MESSAGE + 1), "too_long"),
        ("nul \x00", "no_text"),
        ("lone \ud800 surrogate", "no_text"),
    ],
)
def test_what_is_no_message_is_refused_with_a_sentence(person, spec, text, code):
    with pytest.raises(ValidationError) as refused:
        actions.start_conversation(person, text, spec, uuid.uuid4())
    assert refused.value.code == code
    assert Conversation.objects.count() == 0


def test_a_long_title_is_cut_at_a_word():
    title = actions.title_from("word " * 40)
    assert title.endswith("word…")
    assert len(title) <= 61


def test_regenerating_adds_a_branch_and_keeps_the_old_one(first, spec):
    old = answered(first, "Old answer")
    new = actions.regenerate(old, spec, uuid.uuid4())
    conversation = Conversation.objects.get()
    assert conversation.head == new.answer
    assert new.answer.parent == old.parent
    actions.show_branch(old)
    conversation.refresh_from_db()
    assert conversation.head == old


def test_a_branch_is_shown_down_to_its_newest_message(first, spec):
    old = answered(first, "Old answer")
    deep = actions.send_message(Conversation.objects.get(), "Deeper", spec, uuid.uuid4())
    actions.regenerate(old, spec, uuid.uuid4())
    actions.show_branch(old)
    assert Conversation.objects.get().head == deep.answer


def test_an_interrupted_answer_goes_on_where_it_ends(first, spec):
    cut = answered(first, "Half an ans", State.INTERRUPTED)
    actions.continue_answer(cut, spec, uuid.uuid4())
    cut = Message.objects.select_related("run").get(pk=cut.pk)
    assert (cut.run.prefix, cut.text_so_far) == ("Half an ans", "Half an ans")
    assert Message.objects.count() == 2


def test_of_two_tabs_one_lets_the_answer_go_on(first, spec):
    cut = answered(first, "Half an ans", State.INTERRUPTED)
    stale = Message.objects.select_related("run", "conversation", "parent").get(pk=cut.pk)
    client_id = uuid.uuid4()
    gone_on = actions.continue_answer(cut, spec, client_id)
    again = actions.continue_answer(stale, spec, client_id)  # a double click
    assert again.answer == gone_on.answer
    with pytest.raises(ValidationError):
        actions.continue_answer(stale, spec, uuid.uuid4())
    assert Run.objects.live().count() == 1


def test_what_was_asked_for_differently_does_not_pass_for_done(person, first, spec):
    client_id = uuid.uuid4()
    actions.send_message(first.conversation, "One", spec, client_id)
    other = actions.start_conversation(person, "Another", spec, uuid.uuid4())
    for conversation, text in ((first.conversation, "Edited"), (other.conversation, "One")):
        with pytest.raises(ValidationError, match="out of date"):
            actions.send_message(conversation, text, spec, client_id)
    with pytest.raises(ValidationError, match="out of date"):
        actions.start_conversation(person, "One", spec, client_id)
    assert Message.objects.filter(role="user").count() == 3


def test_an_answer_is_not_written_again_while_it_is_being_written(first, spec):
    with pytest.raises(ValidationError, match="still being written"):
        actions.regenerate(first.answer, spec, uuid.uuid4())
    assert Run.objects.count() == 1


@pytest.mark.parametrize(
    ("state", "reason", "text", "unfinished"),
    [
        (State.STOPPED, "", "Half", True),
        (State.INTERRUPTED, "", "Half", True),
        (State.FAILED, "", "What it went on from", True),
        (State.FAILED, "", "", False),
        (State.DONE, "length", "Up to the limit", True),
        (State.DONE, "stop", "Whole", False),
        (State.DONE, "content_filter", "Held back", False),
    ],
)
def test_what_can_go_on(first, spec, state, reason, text, unfinished):
    run = claim(first.answer.run_id, "test")
    assert finish(run, state, text=text, finish_reason=reason)
    answer = Message.objects.select_related("run", "conversation", "parent").get(pk=first.answer.pk)
    assert answer.is_unfinished is unfinished
    if unfinished:
        actions.continue_answer(answer, spec, uuid.uuid4())
        assert Run.objects.live().get().prefix == text


def test_a_finished_answer_cannot_be_continued(first, spec):
    whole = answered(first, "Whole")
    with pytest.raises(ValidationError):
        actions.continue_answer(whole, spec, uuid.uuid4())


def test_a_question_cannot_be_regenerated(first, spec):
    later = actions.send_message(first.conversation, "And then?", spec, uuid.uuid4())
    for question in (first.question, later.question):
        with pytest.raises(ValidationError):
            actions.regenerate(question, spec, uuid.uuid4())


@pytest.mark.parametrize("verb", [actions.regenerate, actions.continue_answer])
def test_what_was_deleted_meanwhile_is_not_there(first, spec, verb):
    cut = answered(first, "Half an ans", State.INTERRUPTED)
    actions.delete_conversation(Conversation.objects.get())
    with pytest.raises(Conversation.DoesNotExist):
        verb(cut, spec, uuid.uuid4())
    with pytest.raises(Conversation.DoesNotExist):
        actions.send_message(first.conversation, "And then?", spec, uuid.uuid4())
    with pytest.raises(Conversation.DoesNotExist):
        actions.show_branch(cut)
    assert Message.objects.count() == 0


def test_a_queued_answer_is_stopped_at_once(first):
    actions.stop_answer(first.answer)
    assert Run.objects.get().state == "stopped"


def test_renaming_outlives_the_models_title(first):
    actions.rename_conversation(first.conversation, "  My   own\ttitle ")
    conversation = Conversation.objects.get()
    assert (conversation.title, conversation.titled_by) == ("My own title", "person")


def test_deleting_takes_the_messages_and_stops_the_answer(first):
    actions.delete_conversation(first.conversation)
    assert Message.objects.count() == 0
    assert Run.objects.get().state == "stopped"


def test_drafts_are_kept_per_conversation_and_forgotten_when_sent(person, first, spec):
    actions.save_draft(person, None, "new one")
    actions.save_draft(person, first.conversation, "half a thou")
    actions.save_draft(person, first.conversation, "half a thought")
    assert Draft.objects.count() == 2
    actions.send_message(first.conversation, "A whole one", spec, uuid.uuid4())
    assert Draft.objects.get().text == "new one"
    actions.save_draft(person, None, "   ")
    assert Draft.objects.count() == 0


def test_pages_of_a_long_branch_cost_the_same(person, spec, django_assert_num_queries):
    conversation = Conversation.objects.create(owner=person, title="Long")
    parent = None
    messages = []
    for n in range(200):
        parent = Message(
            conversation=conversation,
            parent=parent,
            role="assistant" if n % 2 else "user",
            text=f"m{n}",
        )
        messages.append(parent)
    Message.objects.bulk_create(messages)
    with django_assert_num_queries(2):
        page = Message.objects.path_to(parent.pk, 40)
    assert [m.text for m in page] == [f"m{n}" for n in range(160, 200)]
    with django_assert_num_queries(2):
        older = Message.objects.page_before(page[0], 40)
    assert [m.text for m in older] == [f"m{n}" for n in range(120, 160)]
