"""Of whoever is erased the trail keeps a pseudonym: no name, address, e-mail or browser."""

import datetime as dt
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.db import connection, transaction
from django.test import Client

from accounts import actions
from accounts.api_keys import Scope, change_key, end_former, issue_key, revoke_key, rotate_key
from accounts.models import Team, User
from accounts.recorded import record_failed
from ops.audit.acts import Act
from ops.audit.trail import record
from ops.models import AuditEntry
from tests.people import PASSWORD, make_administrator, make_person
from tests.trail import ADDRESS, BROWSER, acting_as, whole_trail
from usage.limits import remove_limits, set_limits

pytestmark = pytest.mark.django_db
AGENT = "Netscape/4.79 of Pseudonyma"


@pytest.fixture
def erased(settings) -> User:
    """Somebody who signed up, and whom other people knew."""
    make_administrator()
    settings.SIGNUP_OPEN = True
    client = Client(headers={"user-agent": AGENT})
    address = "pseudonyma@hidden.test"
    client.post("/accounts/signup/", {"email": address, "password1": PASSWORD})
    EmailAddress.objects.filter(email=address).update(verified=True)
    client.post("/accounts/logout/")
    for password in ("wrong", PASSWORD):
        client.post("/accounts/login/", {"login": address, "password": password})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    client.post("/settings/name/", {"name": "Pseudonyma"})
    client.post("/accounts/email/", {"email": "other@hidden.test", "action_add": ""})
    client.post("/accounts/email/", {"email": "other@hidden.test", "action_remove": ""})
    change = {"oldpassword": PASSWORD, "password1": "lighthouse-42"}
    client.post("/accounts/password/change/", change)
    return User.objects.get(email=address)


def use_keys(user: User) -> None:
    key, _ = issue_key(user, "Pseudonymas laptop", Scope(networks=("203.0.113.9/32",)))
    change_key(key, "Pseudonymas phone", Scope())
    set_limits(key, day_budget=Decimal(1))
    remove_limits(key)
    rotate_key(key, dt.timedelta(hours=1))
    end_former(key)
    revoke_key(key)


def administer(user: User) -> None:
    set_limits(user, day_budget=Decimal(1))
    remove_limits(user)
    UserSession.objects.filter(user=user).delete()
    UserSession.objects.create(user=user, session_key="k" * 32, ip=ADDRESS, user_agent="A")
    actions.end_sessions(UserSession.objects.filter(user=user))
    actions.deactivate_user(user)
    actions.reactivate_user(user)
    actions.grant_administration(user)
    actions.withdraw_administration(user)
    record_failed([user], by="code")


def test_no_trace_is_left_in_any_column(erased, another):
    other, pk = another, erased.pk
    for by in (erased, other, None):
        with acting_as(by):
            use_keys(erased)
            administer(erased)
    with acting_as(erased):
        actions.save_team(Team(name="Kitchen"), [erased])
        actions.change_name(other, "Somebody")
    theirs = AuditEntry.objects.filter(owner=pk) | AuditEntry.objects.filter(actor=pk)
    kinds = set(theirs.values_list("act", flat=True))
    assert len(theirs) > 50
    assert len(kinds) >= 21
    everything = theirs.count()
    assert "seudonyma" in whole_trail()

    with acting_as(other):
        actions.erase_user(erased)
    kept = whole_trail()
    for trace in ("seudonyma", "hidden.test", "203.0.113.9"):
        assert trace not in kept
    assert theirs.all().count() == everything + 1, "the entries stay"
    by_them = AuditEntry.objects.filter(actor=pk)
    assert set(by_them.values_list("actor_name", "address", "browser")) == {("", None, "")}
    assert {str(entry.who) for entry in by_them} == {f"person {str(pk)[:8]}"}
    of_them = AuditEntry.objects.filter(owner=pk)
    assert set(of_them.values_list("subject_name", flat=True)) == {""}


def test_whoever_else_acted_is_still_named(erased, another):
    other = another
    with acting_as(other):
        use_keys(erased)
        actions.erase_user(erased)
    last = AuditEntry.objects.get(act=Act.PERSON_ERASED)
    assert (last.actor_name, last.address, last.browser) == (other.email, ADDRESS, BROWSER)
    assert AuditEntry.objects.filter(actor_name=other.email).count() == 8


def test_what_their_last_request_wrote_is_forgotten_later(erased, another):
    still_acting, pk = User.objects.get(pk=erased.pk), erased.pk
    with transaction.atomic():
        actions.erase_user(erased)
    with acting_as(still_acting), transaction.atomic():
        record(Act.PERSON_CHANGED, another)
    with acting_as(another), transaction.atomic():
        record(Act.PERSON_CHANGED, still_acting)
    assert "seudonyma" in whole_trail()
    actions.forget_erased()
    assert "seudonyma" not in whole_trail()
    of_them, by_them = AuditEntry.objects.order_by("-pk")[:2]
    assert (by_them.actor, by_them.actor_name, by_them.address) == (pk, "", None)
    assert by_them.subject_name == another.email
    assert (of_them.owner, of_them.subject_name, of_them.actor_name) == (pk, "", another.email)


def test_whoever_is_there_is_not_forgotten(another, django_assert_num_queries):
    with acting_as(another):
        actions.save_team(Team(name="Kitchen"), [another])
        actions.change_name(another, "Somebody")
    before = whole_trail()
    with django_assert_num_queries(5):  # a savepoint, a lock, and two questions
        actions.forget_erased()
    assert whole_trail() == before


@pytest.mark.django_db(transaction=True)
def test_what_is_just_being_done_to_what_is_theirs_is_forgotten_at_once():
    make_administrator()
    user = make_person("pseudonyma@hidden.test")
    key, _ = issue_key(user, "first")
    begun = threading.Event()

    def rename() -> None:
        try:
            with transaction.atomic(), acting_as(user):
                change_key(key, "Pseudonymas", Scope())
                begun.set()
                time.sleep(0.5)  # while the erasure waits for the key
        finally:
            connection.close()

    other = threading.Thread(target=rename)
    other.start()
    assert begun.wait(10)
    actions.erase_user(User.objects.get(pk=user.pk))
    other.join()
    assert AuditEntry.objects.filter(act=Act.KEY_CHANGED).exists()
    assert "seudonyma" not in whole_trail()


@pytest.mark.django_db(transaction=True)
def test_two_who_did_something_to_each_other_are_erased_at_once():
    make_administrator()
    pair = [make_person(), make_person()]
    for one, other in (pair, pair[::-1]):
        with acting_as(one), transaction.atomic():
            for _ in range(200):
                record(Act.PERSON_CHANGED, other)
    together = threading.Barrier(2)

    def erase(user: User) -> None:
        try:
            together.wait(10)
            actions.erase_user(user)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(erase, pair))
    names = AuditEntry.objects.filter(act=Act.PERSON_CHANGED)
    assert set(names.values_list("actor_name", "subject_name")) == {("", "")}


@pytest.fixture
def another(db) -> User:
    return make_person("another@example.test", is_staff=True, is_superuser=True)


def test_no_table_names_whom_the_administration_erased(admin_client, owner):
    """Django's own log would: what each row was called, its deletion included."""
    address = "pseudonyma@hidden.test"
    new = {"email": address, "name": "Pseudonyma", "password1": PASSWORD, "password2": PASSWORD}
    admin_client.post("/admin/accounts/user/add/", new)
    person = User.objects.get(email=address)
    pages = f"/admin/accounts/user/{person.pk}"
    admin_client.post(f"{pages}/change/", {"email": address, "name": "Pseudonyma II"})
    limit = {"subject": "user", "user": person.pk, "requests_per_minute": "9"}
    admin_client.post("/admin/usage/limit/add/", limit)
    key, _ = issue_key(person, "Pseudonymas laptop")
    kept = {"name": "Pseudonymas phone", "_save": "1"}
    admin_client.post(f"/admin/accounts/apikey/{key.pk}/change/", kept)
    chosen = {"action": "revoke_all", "_selected_action": key.pk, "post": "yes"}
    admin_client.post("/admin/accounts/apikey/", chosen)
    assert named("hidden.test") > {"accounts_user", "ops_auditentry"}

    admin_client.post(f"{pages}/delete/", {"post": "yes"})
    assert not User.objects.filter(pk=person.pk).exists()
    assert named("hidden.test") == named("seudonyma") == set()


def named(word: str) -> set[str]:
    """Return the tables that have a word in any column of any row."""
    found = set()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            row = f'SELECT 1 FROM "{table}" AS each WHERE each::text LIKE %s'
            cursor.execute(row, [f"%{word}%"])
            found |= {table} if cursor.fetchone() else set()
    return found
