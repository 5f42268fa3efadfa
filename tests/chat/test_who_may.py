"""Every address of the chat: the owner may, an outsider finds nothing, nobody is let in unseen."""

import uuid

import pytest
from django.test import Client
from django.urls import reverse

from chat.models import Conversation, Draft, Message
from runs.models import Run

CONVERSATION_GET = [
    "conversation-view",
    "conversation-item",
    "conversation-rename",
    "conversation-delete",
]
CONVERSATION_POST = ["conversation-rename", "conversation-delete", "draft-save", "message-send"]
MESSAGE_POST = ["message-stop", "message-regenerate", "message-continue", "branch-switch"]
PLAIN_GET = ["home", "conversation-list"]
PLAIN_POST = ["conversation-start", "new-draft-save"]


@pytest.fixture
def address(exchange):
    def of(name: str) -> str:
        if name in PLAIN_GET + PLAIN_POST:
            return reverse(f"chat:{name}")
        owned = exchange.answer if name in MESSAGE_POST else exchange.conversation
        before = f"?before={exchange.answer.pk}" if name == "message-older" else ""
        return reverse(f"chat:{name}", args=[owned.pk]) + before

    return of


def written() -> tuple[int, ...]:
    rows = (Conversation, Message, Run, Draft)
    return tuple(model.objects.count() for model in rows)


@pytest.mark.parametrize("name", [*PLAIN_GET, *CONVERSATION_GET, "message-older"])
def test_the_owner_sees_it(owner_client, address, name):
    assert owner_client.get(address(name)).status_code == 200


@pytest.mark.parametrize("name", [*CONVERSATION_GET, "message-older"])
def test_an_outsider_finds_nothing(outsider_client, address, name):
    response = outsider_client.get(address(name))
    assert response.status_code == 404
    assert b"rainbows" not in response.content


@pytest.mark.parametrize("name", [*CONVERSATION_POST, *MESSAGE_POST])
def test_an_outsider_changes_nothing(outsider_client, address, exchange, name):
    before = written()
    data = {"text": "x", "title": "x", "client_id": uuid.uuid4()}
    assert outsider_client.post(address(name), data).status_code == 404
    assert written() == before
    exchange.conversation.refresh_from_db()
    exchange.answer.run.refresh_from_db()
    assert exchange.conversation.title == "Why are rainbows round?"
    assert exchange.answer.run.state == "queued"


@pytest.mark.parametrize("name", [*PLAIN_GET, *CONVERSATION_GET, "message-older"])
def test_nobody_is_led_to_the_sign_in_page(client: Client, address, name):
    response = client.get(address(name))
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize("name", [*PLAIN_POST, *CONVERSATION_POST, *MESSAGE_POST])
def test_what_nobody_sends_is_refused_and_given_back(client: Client, address, name):
    before = written()
    response = client.post(address(name), {"text": "what I typed", "client_id": uuid.uuid4()})
    assert response.status_code == 401
    assert b"what I typed" in response.content
    assert written() == before


@pytest.mark.parametrize("name", [*PLAIN_GET, "conversation-view", "message-older"])
def test_reading_addresses_take_no_posts(owner_client, address, name):
    assert owner_client.post(address(name)).status_code == 405


@pytest.mark.parametrize("name", [*PLAIN_POST, "draft-save", "message-send", *MESSAGE_POST])
def test_writing_addresses_take_no_gets(owner_client, address, name):
    before = written()
    assert owner_client.get(address(name)).status_code == 405
    assert written() == before


@pytest.mark.parametrize("name", [*CONVERSATION_GET, "message-older"])
def test_what_is_not_there_is_not_found(owner_client, name):
    assert owner_client.get(reverse(f"chat:{name}", args=[uuid.uuid4()])).status_code == 404


@pytest.mark.parametrize("name", MESSAGE_POST)
def test_a_message_that_is_not_there_is_not_found(owner_client, name):
    assert owner_client.post(reverse(f"chat:{name}", args=[uuid.uuid4()])).status_code == 404


@pytest.mark.parametrize("before", ["", "null", "1", "' or 1=1"])
def test_older_than_nonsense_is_not_found(owner_client, conversation, before):
    url = reverse("chat:message-older", args=[conversation.pk])
    assert owner_client.get(url, {"before": before}).status_code == 404


def test_older_than_a_message_of_another_conversation_is_not_found(
    owner_client, conversation, outsider, model
):
    from chat.actions import start_conversation

    foreign = start_conversation(outsider, "Secret", model, uuid.uuid4())
    url = reverse("chat:message-older", args=[conversation.pk])
    assert owner_client.get(url, {"before": foreign.answer.pk}).status_code == 404
    url = reverse("chat:conversation-view", args=[conversation.pk])
    assert owner_client.get(url, {"before": foreign.answer.pk}).status_code == 404


@pytest.mark.parametrize(
    "after", ["x", "1_", "_", f"99999999999999999999_{uuid.UUID(int=1)}", "1_zz"]
)
def test_a_page_of_conversations_after_nonsense_is_not_found(owner_client, after):
    url = reverse("chat:conversation-list")
    assert owner_client.get(url, {"after": after}).status_code == 404
