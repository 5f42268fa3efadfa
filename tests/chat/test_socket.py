"""Who may open a conversation's socket, and what it says first."""

import json
import time
import uuid
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator

from chat.actions import start_conversation
from chat.models import Conversation
from config.asgi import application
from tests.people import make_person, signed_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scene(model) -> tuple[Conversation, Any]:
    person = make_person()
    exchange = start_conversation(person, "What is a fugue?", model, uuid.uuid4())
    return exchange.conversation, person


def socket_of(conversation_id: Any, person: Any = None, since: float = 0) -> Any:
    headers = [(b"host", b"127.0.0.1"), (b"origin", b"http://127.0.0.1")]
    if person is not None:
        key = signed_in(person).cookies["sessionid"].value
        headers.append((b"cookie", f"sessionid={key}".encode()))
    scope = {
        "type": "websocket",
        "path": f"/ws/conversations/{conversation_id}/",
        "query_string": f"since={since}".encode(),
        "headers": headers,
    }
    return ApplicationCommunicator(application, scope)


async def opened(*args: Any, **kwargs: Any) -> Any:
    socket = await sync_to_async(socket_of)(*args, **kwargs)
    await socket.send_input({"type": "websocket.connect"})
    assert await socket.receive_output(timeout=5) == {"type": "websocket.accept"}
    return socket


async def told(socket: Any) -> dict[str, Any]:
    return json.loads((await socket.receive_output(timeout=5))["text"])


async def closing_code(socket: Any) -> int:
    message = await socket.receive_output(timeout=5)
    assert message["type"] == "websocket.close"
    return message["code"]


async def test_the_owner_is_shown_the_live_answer(scene):
    conversation, person = scene
    socket = await opened(conversation.pk, person, since=time.time() + 60)
    question = await told(socket)
    answer = await told(socket)
    assert "What is a fugue?" in question["content"]
    assert answer["target"] == "#messages"
    assert 'data-state="queued"' in answer["content"]
    await socket.send_input({"type": "websocket.disconnect"})
    await socket.wait()


async def test_a_stranger_is_told_no_more_than_nobody(scene):
    conversation, _ = scene
    stranger = await sync_to_async(make_person)()
    assert await closing_code(await opened(conversation.pk, stranger)) == 4404
    assert await closing_code(await opened(uuid.uuid4(), stranger)) == 4404
    assert await closing_code(await opened(conversation.pk)) == 4401


async def test_whatever_is_sent_up_ends_the_socket(scene):
    conversation, person = scene
    for said in ({"text": "hello"}, {"bytes": b"\x00"}):
        socket = await opened(conversation.pk, person)
        await socket.send_input({"type": "websocket.receive", **said})
        while (message := await socket.receive_output(timeout=5))["type"] != "websocket.close":
            pass
        assert message["code"] == 4400
