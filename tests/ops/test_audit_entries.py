"""Entries of the audit trail: written with their act, by whom and from where, and never changed."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.http import HttpRequest
from django.test import RequestFactory

from accounts.models import Team, User
from ops.audit.acting import Acting, acts_by, acts_no_more
from ops.audit.acts import Act
from ops.audit.trail import forget, record, record_each
from ops.logs import without_secrets
from ops.models import AuditEntry
from tests.trail import whole_trail

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nobody():
    yield
    acts_no_more()


@pytest.fixture
def anna() -> User:
    return User.objects.create_user("anna@example.test", "a long password")


def asking(user: User | None, browser: str = "Firefox/140.0") -> HttpRequest:
    request = RequestFactory().get("/", headers={"User-Agent": browser})
    request.user = user  # type: ignore[assignment]
    return request


def the_entry() -> AuditEntry:
    return AuditEntry.objects.get()


def test_an_entry_says_who_did_what_to_which_object_from_where(anna: User):
    team = Team.objects.create(name="Kitchen")
    acts_by(Acting(asking(anna), "192.0.2.7"))
    record(Act.TEAM_CHANGED, team, members=[3, 4])
    entry = the_entry()
    assert (entry.act, entry.actor, entry.actor_name) == ("team.changed", anna.pk, str(anna))
    assert (entry.kind, entry.key, entry.subject_name) == ("accounts.team", str(team.pk), "Kitchen")
    assert (entry.door, entry.address, entry.browser) == ("web", "192.0.2.7", "Firefox/140.0")
    assert entry.details == {"members": [3, 4]}
    assert entry.owner is None


def test_a_person_is_their_own(anna: User):
    record(Act.PERSON_CHANGED, anna)
    assert the_entry().owner == anna.pk


def test_what_nobody_asked_for_was_done_by_the_house():
    record(Act.SECRETS_REENCRYPTED)
    assert (the_entry().door, the_entry().actor) == ("house", None)


def test_a_command_is_named():
    acts_by(Acting(command="rotate_master_key"))
    record(Act.SECRETS_REENCRYPTED, count=3)
    assert the_entry().door == "command"
    assert the_entry().details == {"command": "rotate_master_key", "count": 3}


def test_nobody_signed_in_is_nobody(anna: User):
    acts_by(Acting(asking(None), "192.0.2.7"))
    record(Act.SIGN_IN_FAILED, anna)
    assert (the_entry().actor, the_entry().door) == (None, "web")


def test_what_a_browser_calls_itself_is_cut_and_kept_storable(anna: User):
    acts_by(Acting(asking(anna, "x\x00" + "y" * 5000)))
    record(Act.SIGNED_OUT, anna)
    assert the_entry().browser == "x" + "y" * 199


@pytest.mark.parametrize(
    "secret", ["sk-proj-0123456789abcdef", "https://me:hunter2hunter@a.test/v1"]
)
def test_a_secret_that_was_pasted_for_a_name_is_not_kept(anna: User, secret: str):
    team = Team.objects.create(name=f"ours {secret}")
    acts_by(Acting(asking(anna, f"Bot {secret}"), "192.0.2.7"))
    record(Act.TEAM_CHANGED, team, name=[secret, "Kitchen"], former=secret, more={"x": (secret,)})
    kept = whole_trail()
    for part in ("0123456789abcdef", "hunter2"):
        assert part not in kept
    assert the_entry().details["name"] == [without_secrets(secret), "Kitchen"]


def test_an_origin_with_its_port_is_none(anna: User):
    record(Act.PROVIDER_CHANGED, anna, base_url=["https://a.test:8443", "http://[::1]:11434"])
    assert the_entry().details == {"base_url": ["https://a.test:8443", "http://[::1]:11434"]}


def test_many_are_one_statement(anna: User, django_assert_num_queries):
    people = [anna, *(User.objects.create_user(f"{n}@example.test") for n in range(20))]
    with django_assert_num_queries(1):
        record_each(Act.PERSON_DEACTIVATED, people)
    assert AuditEntry.objects.count() == 21


@pytest.mark.django_db(transaction=True)
def test_an_act_without_a_transaction_is_refused(anna: User):
    with pytest.raises(transaction.TransactionManagementError):
        record(Act.SIGNED_OUT, anna)


def test_an_act_that_is_undone_leaves_no_entry(anna: User):
    with transaction.atomic():
        record(Act.SIGNED_OUT, anna)
        transaction.set_rollback(True)
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    "change",
    ["act = 'team.added'", "actor = NULL", "actor_name = 'Eve'", "details = '{}'",
     "created_at = now()", "address = '198.51.100.1'", "key = ''"],
)  # fmt: skip
def test_the_database_refuses_to_change_an_entry(anna: User, change: str):
    acts_by(Acting(asking(anna), "192.0.2.7"))
    record(Act.PERSON_CHANGED, anna, language=["", "en"])
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE ops_auditentry SET {change}")


def test_the_database_refuses_to_delete_an_entry(anna: User):
    record(Act.PERSON_CHANGED, anna)
    with pytest.raises(IntegrityError), transaction.atomic():
        AuditEntry.objects.all().delete()


def test_whoever_is_erased_stays_as_a_pseudonym(anna: User):
    bert = User.objects.create_user("bert@example.test")
    team = Team.objects.create(name="Kitchen")
    acts_by(Acting(asking(anna), "192.0.2.7"))
    record(Act.TEAM_ADDED, team)
    record(Act.PERSON_CHANGED, bert)
    acts_by(Acting(asking(bert), "192.0.2.8"))
    record(Act.PERSON_CHANGED, anna)
    acts_by(Acting(asking(None), "192.0.2.9"))
    record(Act.SIGN_IN_FAILED, anna)
    forget(anna.pk)
    added, changed, of_anna, failed = AuditEntry.objects.order_by("pk")
    for entry in (added, changed):
        assert (entry.actor, entry.actor_name, entry.address) == (anna.pk, "", None)
        assert entry.browser == ""
        assert str(entry.who) == f"person {str(anna.pk)[:8]}"
    assert (added.subject_name, changed.subject_name) == ("Kitchen", "bert@example.test")
    assert (of_anna.subject_name, of_anna.owner) == ("", anna.pk)
    assert (of_anna.actor_name, of_anna.address) == ("bert@example.test", "192.0.2.8")
    assert (failed.subject_name, failed.address, failed.browser) == ("", None, "")
