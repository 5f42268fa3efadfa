"""Suspending many at once, and that of all who leave at the same moment one administrator stays."""

import threading
from collections.abc import Callable

import pytest
from allauth.usersessions.models import UserSession
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import actions
from accounts.access import session_user
from accounts.api_keys import authenticate, issue_key
from accounts.errors import LastAdministrator, OwnerSuspended
from accounts.models import User
from accounts.rights import current_rights_version
from tests.people import PASSWORD, make_administrator, make_person, signed_in

LIST = "/admin/accounts/user/"
TOGETHER = 8


def many(count: int) -> list[User]:
    people = User.objects.bulk_create(User(email=f"p{n}@example.test") for n in range(count))
    UserSession.objects.bulk_create(
        UserSession(user=user, session_key=f"{n:032}", ip="127.0.0.1", user_agent="A")
        for n, user in enumerate(people)
    )
    return people


def press(client: Client, action: str, people: list[User], **fields: str) -> str:
    form = {"action": action, "_selected_action": [user.pk for user in people], **fields}
    return client.post(LIST, form, follow=True).content.decode()


@pytest.mark.django_db
class TestMany:
    def test_are_locked_out_by_as_many_statements_as_one(self, admin_client, admin):
        people = many(500)
        counts = []
        assert actions.deactivate_users([], by=admin) == []  # the version has its row from now on
        for some in (people[:1], people[1:]):
            with CaptureQueriesContext(connection) as queries:
                actions.deactivate_users(some, by=admin)
            counts.append(len(queries))
        assert counts[0] == counts[1]
        assert list(User.objects.active()) == [admin]
        assert not UserSession.objects.filter(user__in=people).exists()

    def test_lose_sessions_and_keys_and_are_let_in_again(self, admin_client, owner):
        session = Client()
        session.post("/accounts/login/", {"login": owner.email, "password": PASSWORD})
        key = session.session.session_key
        _, secret = issue_key(owner, "A program")
        before = current_rights_version()
        press(admin_client, "deactivate_all", [owner, *many(3)])
        assert session_user(key) is None
        assert current_rights_version() != before
        with pytest.raises(OwnerSuspended):
            authenticate(secret, "127.0.0.1")
        press(admin_client, "reactivate_all", [owner])
        assert authenticate(secret, "127.0.0.1").owner == owner
        assert session_user(key) is None  # they sign in anew

    def test_who_presses_is_the_one_who_stays(self, admin_client, admin, owner):
        others = [make_administrator(f"a{n}@example.test") for n in range(4)]
        said = press(admin_client, "deactivate_all", [*others, admin, owner])
        assert f"{admin}: This is the only administrator" in said
        assert list(User.objects.active()) == [admin]

    def test_one_who_is_not_the_last_may_leave_among_them(self, admin_client, admin, owner):
        other = make_administrator("other@example.test")
        press(admin_client, "deactivate_all", [admin, owner])
        assert list(User.objects.active()) == [other]

    @pytest.mark.parametrize("action", ["deactivate_all", "reactivate_all", "delete_selected"])
    def test_nobody_else_can(self, owner, outsider, action):
        for client in (Client(), signed_in(owner), signed_in(make_person(is_staff=True))):
            form = {"action": action, "_selected_action": [outsider.pk], "post": "yes"}
            assert client.post(LIST, form).status_code in (302, 401, 403)
        assert outsider in User.objects.active()


def in_bulk(user: User, by: User) -> None:
    """Suspend all administrators but oneself, as one who wants to be alone."""
    others = User.objects.administrators().exclude(pk=by.pk)
    actions.deactivate_users(list(others), by=by)


WAYS: dict[str, Callable[[User, User], object]] = {
    "suspend": lambda user, by: actions.deactivate_user(user),
    "demote": lambda user, by: actions.withdraw_administration(user),
    "erase": lambda user, by: actions.erase_user(user),
    "in bulk": in_bulk,
}


@pytest.fixture
def circle(transactional_db: None) -> list[User]:
    """Administrators each of whom goes for the next."""
    return [make_administrator(f"a{n}@example.test") for n in range(TOGETHER)]


def at_once(jobs: list[Callable[[], object]]) -> list[Exception]:
    """Do all at the same moment; return what they raised."""
    barrier, raised = threading.Barrier(len(jobs)), []

    def do(job: Callable[[], object]) -> None:
        try:
            connection.ensure_connection()
            barrier.wait(10)
            job()
        except Exception as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=do, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return raised


@pytest.mark.parametrize("way", WAYS)
def test_of_those_who_remove_each_other_one_stays(circle, way):
    pairs = zip(circle, [*circle[1:], circle[0]], strict=True)
    raised = at_once([lambda by=by, to=to: WAYS[way](to, by) for by, to in pairs])
    assert {type(error) for error in raised} <= {LastAdministrator}
    assert User.objects.administrators().count() == 1


def test_whatever_they_do_to_each_other_one_stays(circle):
    ways = list(WAYS.values())
    jobs = [
        lambda n=n, by=by: ways[n % len(ways)](circle[(n + 1) % TOGETHER], by)
        for n, by in enumerate(circle)
    ]
    raised = at_once(jobs)
    assert {type(error) for error in raised} <= {LastAdministrator}
    assert User.objects.administrators().count() == 1


def test_two_pages_pressed_at_once_leave_one(transactional_db):
    people = [make_administrator(f"a{n}@example.test") for n in range(2)]
    clients = [signed_in(user) for user in people]
    jobs = [
        lambda client=client, to=to: press(client, "deactivate_all", [to])
        for client, to in zip(clients, reversed(people), strict=True)
    ]
    assert not at_once(jobs)
    assert User.objects.administrators().count() == 1


def impatient() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '2s'")


def test_keys_are_made_while_administrators_are_looked_at(circle, owner):
    """Whoever makes one is named in it, which must not wait for what is done to others."""
    looked, made = threading.Barrier(2), threading.Event()

    @transaction.atomic
    def look() -> None:
        assert actions.deactivate_users([], by=circle[0]) == []
        looked.wait(10)
        made.wait(10)

    def make() -> None:
        looked.wait(10)
        try:
            with transaction.atomic():
                impatient()
                issue_key(owner, "A program", made_by=circle[0])
        finally:
            made.set()

    assert not at_once([look, make])
    assert owner.api_keys.get().made_by == circle[0]


def test_two_make_a_key_for_each_other(circle):
    """Each waits until the other's owner is locked: neither may need that lock to name them."""
    one, other = circle[:2]
    issue_key(circle[2], "The house's first, with its pepper")
    locked = threading.Barrier(2)

    @transaction.atomic
    def make(owner: User, by: User) -> None:
        impatient()
        issue_key(owner, "A program", made_by=by)
        locked.wait(10)

    assert not at_once([lambda: make(one, other), lambda: make(other, one)])
    assert (one.api_keys.get().made_by, other.api_keys.get().made_by) == (other, one)
