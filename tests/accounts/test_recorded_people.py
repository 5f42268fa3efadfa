"""What is done to people and teams is recorded: once, by whom, to whom, and no more than that."""

from collections.abc import Callable

import pytest
from allauth.usersessions.models import UserSession
from django.core.management import call_command
from django.db import transaction
from django.test import Client

from accounts import actions
from accounts.errors import AddressTaken, LastAdministrator, SignUpClosed
from accounts.models import Team, User
from ops.audit.acting import Acting, acts_by, acts_no_more
from ops.audit.acts import Act
from ops.models import AuditEntry
from tests.people import PASSWORD, make_administrator, make_person
from tests.trail import ADDRESS, BROWSER, acting_as, recorded, whole_trail

pytestmark = pytest.mark.django_db
PEOPLE, TEAMS = "/admin/accounts/user/", "/admin/accounts/team/"


def rename(user: User) -> None:
    actions.change_name(user, "Another  Name")


def sign_out_afar(user: User) -> None:
    UserSession.objects.create(user=user, session_key="k" * 32, ip=ADDRESS, user_agent="A")
    actions.end_sessions(UserSession.objects.filter(user=user))


VERBS: list[tuple[Act, Callable[[User], object], dict[str, object]]] = [
    (Act.PERSON_CHANGED, rename, {"changed": ["name"]}),
    (Act.PASSWORD_CHANGED, lambda user: actions.change_password(user, "lighthouse-42"), {}),
    (Act.PASSWORD_CHANGED, lambda user: actions.change_password(user, None), {}),
    (Act.SESSIONS_ENDED, sign_out_afar, {}),
    (Act.PERSON_DEACTIVATED, actions.deactivate_user, {}),
    (Act.ADMINISTRATION_GRANTED, actions.grant_administration, {}),
]
DONE_BEFORE = [
    (Act.PERSON_REACTIVATED, actions.deactivate_user, actions.reactivate_user),
    (Act.ADMINISTRATION_WITHDRAWN, actions.grant_administration, actions.withdraw_administration),
]


@pytest.mark.parametrize(("act", "verb", "details"), VERBS)
def test_each_verb_is_one_entry(admin, owner, act, verb, details):
    with acting_as(admin), recorded(act) as entries:
        verb(owner)
    [entry] = entries
    assert (entry.actor, entry.actor_name) == (admin.pk, admin.email)
    assert (entry.kind, entry.key) == ("accounts.user", str(owner.pk))
    assert (entry.owner, entry.subject_name) == (owner.pk, owner.email)
    assert (entry.door, entry.address, entry.browser) == ("web", ADDRESS, BROWSER)
    assert entry.details == details


@pytest.mark.parametrize(("act", "before", "verb"), DONE_BEFORE)
def test_each_verb_that_takes_back_is_one_entry(admin, owner, act, before, verb):
    before(owner)
    with acting_as(admin), recorded(act) as entries:
        verb(owner)
    assert entries[0].key == str(owner.pk)


@pytest.mark.parametrize(
    "verb",
    [
        lambda user: actions.change_name(user, user.name),
        actions.reactivate_user,
        actions.withdraw_administration,
        lambda user: actions.end_sessions(UserSession.objects.filter(user=user)),
    ],
)
def test_what_changes_nothing_is_not_recorded(admin, owner, verb):
    with recorded():
        verb(owner)
    actions.deactivate_user(owner)
    actions.grant_administration(admin)
    with recorded():
        actions.deactivate_user(owner)
        actions.grant_administration(admin)


@pytest.mark.parametrize(
    "verb",
    [actions.deactivate_user, actions.withdraw_administration, actions.erase_user],
)
def test_what_is_refused_is_not_recorded(admin, verb):
    with recorded(), pytest.raises(LastAdministrator):
        verb(admin)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("verb", [verb for _, verb, _ in VERBS] + [actions.erase_user])
def test_an_entry_goes_with_its_act(verb):
    make_administrator()
    user = make_person()
    with recorded(), transaction.atomic():
        verb(user)
        transaction.set_rollback(True)
    before = AuditEntry.objects.count()
    verb(User.objects.get(email=user.email))  # and needs no transaction around it
    assert AuditEntry.objects.count() == before + 1


def test_many_who_are_locked_out_are_told_one_by_one(admin):
    people = [make_person() for _ in range(3)]
    actions.deactivate_user(people[0])
    with acting_as(admin), recorded(Act.PERSON_DEACTIVATED, Act.PERSON_DEACTIVATED) as entries:
        actions.deactivate_users(people, by=admin)
    assert {entry.key for entry in entries} == {str(user.pk) for user in people[1:]}


class TestJoining:
    def test_signing_up(self, client, admin, settings):
        settings.SIGNUP_OPEN = True
        with recorded(Act.SIGNED_UP, Act.SIGNED_IN) as entries:
            client.post("/accounts/signup/", {"email": "New@example.test", "password1": PASSWORD})
        user = User.objects.get(email="new@example.test")
        for entry in entries:
            assert (entry.actor, entry.owner) == (user.pk, user.pk)
            assert (entry.door, entry.address) == ("web", "127.0.0.1")
        assert entries[0].details == {"administrator": False}

    def test_the_first_one_is_told(self, client):
        with recorded(Act.SIGNED_UP, Act.SIGNED_IN) as entries:
            client.post("/accounts/signup/", {"email": "new@example.test", "password1": PASSWORD})
        assert entries[0].details == {"administrator": True}

    def test_a_refused_one_is_not_recorded(self, admin, settings):
        settings.SIGNUP_OPEN = False
        with recorded(), pytest.raises(SignUpClosed):
            actions.sign_up("new@example.test", PASSWORD)
        settings.SIGNUP_OPEN = True
        with recorded(), pytest.raises(AddressTaken):
            actions.sign_up(admin.email, PASSWORD)

    def test_by_an_administrator(self, admin, admin_client):
        form = {"email": "New@example.test", "name": "", "password1": PASSWORD}
        with recorded(Act.PERSON_ADDED) as entries:
            admin_client.post(f"{PEOPLE}add/", {**form, "password2": PASSWORD})
        assert (entries[0].actor, entries[0].subject_name) == (admin.pk, "new@example.test")

    @pytest.mark.parametrize("is_there", [False, True])
    def test_by_the_environment(self, monkeypatch, is_there):
        monkeypatch.setenv("DJANGO_SUPERUSER_EMAIL", "boss@example.test")
        monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
        if is_there:
            make_person("boss@example.test")
        acts_by(Acting(command="ensure_admin"))
        with recorded(Act.ADMINISTRATION_GRANTED if is_there else Act.PERSON_ADDED) as entries:
            call_command("ensure_admin")
            call_command("ensure_admin")
        acts_no_more()
        assert (entries[0].door, entries[0].actor) == ("command", None)
        assert entries[0].details["command"] == "ensure_admin"


class TestPages:
    def test_a_name_changed_by_an_administrator(self, admin, admin_client, owner):
        with recorded(Act.PERSON_CHANGED) as entries:
            for _ in range(2):
                admin_client.post(f"{PEOPLE}{owner.pk}/change/", _form(owner, name="Other"))
        assert (entries[0].actor, entries[0].details) == (admin.pk, {"changed": ["name"]})
        owner.refresh_from_db()
        assert owner.name == "Other"

    def test_ones_own_name(self, owner_client, owner):
        with recorded(Act.PERSON_CHANGED) as entries:
            owner_client.post("/settings/name/", {"name": "Other"})
        assert (entries[0].actor, entries[0].owner) == (owner.pk, owner.pk)
        assert "Other" not in whole_trail()

    def test_a_password_set_by_an_administrator(self, admin, admin_client, owner):
        form = {
            "password1": "lighthouse-42",
            "password2": "lighthouse-42",
            "usable_password": "true",
        }
        with recorded(Act.PASSWORD_CHANGED) as entries:
            admin_client.post(f"{PEOPLE}{owner.pk}/password/", form)
        assert (entries[0].actor, entries[0].owner) == (admin.pk, owner.pk)
        assert "lighthouse" not in whole_trail()

    def test_a_session_ended_from_afar_and_ones_own(self, owner):
        clients = [Client(), Client()]
        for each in clients:
            each.post("/accounts/login/", {"login": owner.email, "password": PASSWORD})
        sessions = {each.session_key: each.pk for each in UserSession.objects.filter(user=owner)}
        here, there = (sessions[each.session.session_key] for each in clients)
        with recorded(Act.SESSIONS_ENDED, Act.SIGNED_OUT) as entries:
            clients[0].post(f"/settings/sessions/{there}/end/")
            clients[0].post(f"/settings/sessions/{here}/end/")
        assert {entry.actor for entry in entries} == {owner.pk}

    def test_erasing_oneself_leaves_a_pseudonym(self, owner, admin):
        client = Client()
        client.post("/accounts/login/", {"login": owner.email, "password": PASSWORD})
        client.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": "/settings/"})
        with recorded(Act.PERSON_ERASED) as entries:
            client.post("/settings/erase/", {"email": owner.email})
        [entry] = entries
        assert (entry.actor, entry.owner, entry.key) == (owner.pk, owner.pk, str(owner.pk))
        assert (entry.actor_name, entry.subject_name) == ("", "")
        assert (entry.address, entry.browser) == (None, "")

    def test_erasing_somebody_names_who_did_it(self, admin, admin_client, owner):
        with recorded(Act.PERSON_ERASED) as entries:
            admin_client.post(f"{PEOPLE}{owner.pk}/delete/", {"post": "yes"})
        assert (entries[0].actor_name, entries[0].subject_name) == (admin.email, "")
        assert entries[0].address == "127.0.0.1"


class TestTeams:
    def test_what_becomes_of_one(self, admin, owner, outsider):
        team = Team(name="Kitchen")
        with acting_as(admin), recorded(Act.TEAM_ADDED, *[Act.TEAM_CHANGED] * 2) as entries:
            actions.save_team(team, [owner])
            actions.save_team(team, [owner])
            team.name = "Cooks"
            actions.save_team(team, [outsider])
            actions.save_team(team, [])
        assert [entry.details for entry in entries] == [
            {"members_added": 1},
            {"members_added": 1, "members_removed": 1, "name": ["Kitchen", "Cooks"]},
            {"members_removed": 1},
        ]
        assert [entry.subject_name for entry in entries] == ["Kitchen", "Cooks", "Cooks"]
        assert {entry.owner for entry in entries} == {None}
        assert {entry.actor for entry in entries} == {admin.pk}

    def test_by_the_pages(self, admin, admin_client, owner):
        with recorded(Act.TEAM_ADDED) as entries:
            admin_client.post(f"{TEAMS}add/", {"name": "Kitchen", "members": [owner.pk]})
        team = Team.objects.get()
        assert entries[0].key == str(team.pk)
        with recorded(Act.TEAM_DELETED) as entries:
            admin_client.post(f"{TEAMS}{team.pk}/delete/", {"post": "yes"})
        assert (entries[0].key, entries[0].subject_name) == (str(team.pk), "Kitchen")

    def test_a_page_without_a_name_records_nothing(self, admin_client):
        with recorded():
            admin_client.post(f"{TEAMS}add/", {"name": "", "members": []})


def _form(user: User, **fields: str) -> dict[str, str]:
    """Return the fields of a person's page, with none of its rows below."""
    rows = {}
    for name in ("emailaddress_set", "authenticator_set", "usersession_set"):
        rows |= {f"{name}-TOTAL_FORMS": "0", f"{name}-INITIAL_FORMS": "0"}
    return {"name": user.name, **rows, **fields}
