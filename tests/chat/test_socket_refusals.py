"""Who may open a conversation's socket, from where, and what may be said to it: nothing."""

import uuid

import pytest
from asgiref.sync import sync_to_async
from django.contrib.sessions.models import Session

from tests.chat.sockets import HOST, ORIGIN, Socket, path_of
from tests.people import signed_in

pytestmark = [pytest.mark.usefixtures("sockets"), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def path(exchange) -> str:
    return path_of(exchange.conversation.pk)


@pytest.fixture
def session(owner) -> str:
    return signed_in(owner).cookies["sessionid"].value


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "",
        "null",
        "https://elsewhere.test",
        f"{ORIGIN}.elsewhere.test",
        f"http://elsewhere.test/{HOST}",
        f"http://elsewhere.test?{HOST}",
        f"http://{HOST}@elsewhere.test",
        f"http://elsewhere.test#{HOST}",
        "http://127.0.0.1:8001",
        "http://127.0.0.1",
        f"ftp://{HOST}",
        f"file://{HOST}",
        f"xhttp://{HOST}",
        HOST,
        f"{ORIGIN} {ORIGIN}",
        "http://[",
        "http://[::1",
        "http://127.0.0.1:x",
    ],
)
async def test_a_foreign_origin_is_refused(path, session, origin):
    socket = Socket(path, session, origin=origin)
    assert await socket.connect() == 4403


@pytest.mark.parametrize("host", ["elsewhere.test", "127.0.0.1.elsewhere.test", ""])
async def test_an_origin_that_agrees_with_a_host_that_is_not_ours_is_refused(path, session, host):
    socket = Socket(path, session, origin=f"http://{host}", host=host)
    assert await socket.connect() == 4403


@pytest.mark.parametrize(
    "name", ["127.0.0.1:8000", "localhost:8000", "[::1]:8000", "LOCALHOST:8000"]
)
async def test_each_name_of_this_house_is_let_in(path, session, name):
    socket = await Socket(path, session, origin=f"http://{name}", host=name).opened()
    await socket.leave()


@pytest.mark.parametrize("cookie", [None, "", "sessionid=", "sessionid=made-up", "other=1"])
async def test_without_a_session_there_is_nothing_to_read(path, cookie):
    assert await Socket(path, cookie=cookie).refused() == 4401


async def test_an_ended_session_is_refused(path, session):
    await sync_to_async(Session.objects.filter(session_key=session).delete)()
    assert await Socket(path, session).refused() == 4401


@pytest.fixture
def sessions_of_others(outsider, admin) -> list[str]:
    return [signed_in(user).cookies["sessionid"].value for user in (outsider, admin)]


async def test_another_persons_conversation_is_not_found(path, sessions_of_others):
    """Not for an outsider, and not for an administrator either."""
    for session in sessions_of_others:
        assert await Socket(path, session).refused() == 4404


async def test_an_unknown_conversation_is_not_found(session):
    assert await Socket(path_of(uuid.uuid4()), session).refused() == 4404


@pytest.mark.parametrize("path", ["/ws/conversations/1/", "/ws/conversations/", "/ws/", "/", "/x"])
async def test_a_path_that_is_no_socket_is_not_found(session, path):
    assert await Socket(path, session).refused() == 4404


@pytest.mark.parametrize("since", ["", "x", "nan", "inf", "-1e400", "1e20", "%00", "1'--", "0x10"])
async def test_an_unusable_since_is_left_out(path, session, since):
    socket = await Socket(f"{path}?since={since}&head={since}", session).opened()
    assert (await socket.patch())["target"] == "#messages"
    await socket.leave()


@pytest.mark.parametrize(
    "said",
    ["", "hello", "{}", '{"target": "#messages", "swap": "delete", "content": ""}', "x" * 70_000],
)
async def test_whoever_says_something_is_closed(path, session, said):
    socket = await Socket(path, session).opened()
    await socket.say(said)
    assert await socket.close_code() == 4400


@pytest.mark.parametrize("said", [b"", b"\x00\xff", b"x" * 70_000])
async def test_whoever_says_something_binary_is_closed(path, session, said):
    socket = await Socket(path, session).opened()
    await socket.say(data=said)
    assert await socket.close_code() == 4400
