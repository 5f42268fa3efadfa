"""The rights version changes with every right taken away, and every process hears of it."""

import pytest
from allauth.usersessions.models import UserSession
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.db import transaction
from django.test import Client
from django.urls import reverse

from accounts import actions
from accounts.access import session_user
from accounts.models import RightsVersion, User
from accounts.rights import bump_rights, current_rights_version
from tests.people import PASSWORD, make_administrator, make_person

pytestmark = pytest.mark.django_db


def sign_in(user: User) -> Client:
    client = Client()
    client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    assert client.session.session_key
    return client


def test_a_bump_changes_the_version_and_survives_an_empty_table():
    RightsVersion.objects.all().delete()
    before = current_rights_version()
    with transaction.atomic():
        bump_rights()
    first = current_rights_version()
    with transaction.atomic():
        bump_rights()
    assert len({before, first, current_rights_version()}) == 3
    assert RightsVersion.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_bump_outside_a_transaction_is_refused():
    with pytest.raises(transaction.TransactionManagementError):
        bump_rights()


@pytest.mark.django_db(transaction=True)
def test_a_change_that_is_rolled_back_does_not_change_the_version(owner):
    before = current_rights_version()

    def deactivate_and_fail():
        with transaction.atomic():
            actions.deactivate_user(owner)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        deactivate_and_fail()
    assert current_rights_version() == before


def test_reading_the_version_is_one_query(django_assert_num_queries):
    with django_assert_num_queries(1):
        current_rights_version()


@pytest.mark.django_db(transaction=True)
async def test_the_hint_reaches_the_group(owner):
    user = owner
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add("rights", channel)
    await database_sync_to_async(actions.deactivate_user)(user)
    assert await layer.receive(channel) == {"type": "rights.changed"}
    await layer.group_discard("rights", channel)


@pytest.mark.django_db(transaction=True)
def test_a_lost_hint_does_not_fail_the_action(owner, settings):
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": ["redis://127.0.0.1:1/0"]},
        }
    }
    before = current_rights_version()
    actions.deactivate_user(owner)
    owner.refresh_from_db()
    assert not owner.is_active
    assert current_rights_version() != before


@pytest.mark.parametrize(
    "take",
    [
        lambda user, client: client.post(reverse("account_logout")),
        lambda user, client: actions.change_password(user, "another-lantern-42"),
        lambda user, client: actions.deactivate_user(user),
        lambda user, client: actions.erase_user(user),
        lambda user, client: actions.end_sessions(UserSession.objects.filter(user=user)),
    ],
    ids=["sign out", "change the password", "deactivate", "erase", "end the sessions"],
)
def test_whatever_ends_a_session_changes_the_version(owner, take):
    client = sign_in(owner)
    key = client.session.session_key
    assert session_user(key) == owner
    before = current_rights_version()
    take(owner, client)
    assert session_user(key) is None
    assert current_rights_version() != before


def test_withdrawing_administration_changes_the_version():
    make_administrator()
    other = make_administrator("other@example.test")
    before = current_rights_version()
    actions.withdraw_administration(other)
    assert current_rights_version() != before
    assert not User.objects.get(pk=other.pk).is_staff


def test_ending_one_session_leaves_the_others(owner):
    here, there = sign_in(owner), sign_in(owner)
    actions.end_sessions(UserSession.objects.filter(session_key=there.session.session_key))
    assert session_user(here.session.session_key) == owner
    assert session_user(there.cookies["sessionid"].value) is None


def test_a_person_of_another_name_is_not_signed_out(owner):
    other = make_person()
    key = sign_in(other).session.session_key
    actions.deactivate_user(owner)
    assert session_user(key) == other
