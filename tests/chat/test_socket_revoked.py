"""A right that is taken away closes open sockets within a second, hint or no hint."""

import time

import pytest
from allauth.usersessions.models import UserSession
from asgiref.sync import sync_to_async
from django.test import Client
from django.urls import reverse

from accounts import actions as people
from chat import actions
from tests.chat.sockets import Socket, path_of
from tests.people import PASSWORD

pytestmark = [pytest.mark.usefixtures("sockets"), pytest.mark.django_db(transaction=True)]


@pytest.fixture(params=["hinted", "hint lost"])
def hint(request, monkeypatch) -> None:
    if request.param == "hint lost":
        monkeypatch.setattr("accounts.rights._hint", lambda: None)


def end_session(user) -> None:
    people.end_sessions(UserSession.objects.filter(user=user))


def change_password(user) -> None:
    people.change_password(user, "another-lantern-77")


def deactivate(user) -> None:
    people.deactivate_user(user)


def erase(user) -> None:
    people.erase_user(user)


@pytest.fixture
def session(owner) -> str:
    """A session as the sign-in form makes it, which people can see and end in their settings."""
    client = Client()
    form = {"login": owner.email, "password": PASSWORD}
    client.post(reverse("account_login"), form)
    return client.cookies["sessionid"].value


@pytest.mark.usefixtures("hint")
@pytest.mark.parametrize("revoke", [end_session, change_password, deactivate, erase])
async def test_the_socket_closes_within_a_second(exchange, session, owner, revoke):
    socket = await Socket(path_of(exchange.conversation.pk), session).opened()
    await socket.patch()
    await sync_to_async(revoke)(owner)
    revoked_at = time.monotonic()
    assert await socket.close_code(seconds=3) == 4401
    assert time.monotonic() - revoked_at < 1.2


async def test_somebody_elses_sign_out_closes_nothing(exchange, session, owner, outsider):
    socket = await Socket(path_of(exchange.conversation.pk), session).opened()
    await socket.patch()
    await socket.patch()
    await sync_to_async(deactivate)(outsider)
    assert await socket.receive_nothing(timeout=1.2, interval=0.05)
    await socket.leave()


async def test_a_deleted_conversation_closes_its_sockets(exchange, session):
    socket = await Socket(path_of(exchange.conversation.pk), session).opened()
    await socket.patch()
    await socket.patch()
    await sync_to_async(actions.delete_conversation)(exchange.conversation)
    assert await socket.close_code(seconds=3) == 4404
