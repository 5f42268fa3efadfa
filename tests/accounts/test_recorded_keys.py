"""What is done to keys is recorded, and never their secret, nor what tells of their owner."""

import datetime as dt
import uuid

import pytest
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from accounts import errors
from accounts.actions import erase_user
from accounts.api_keys import (
    Scope,
    change_key,
    end_former,
    issue_key,
    revoke_key,
    rotate_key,
)
from accounts.models import ApiKey
from ops.audit.acting import Acting, acts_by, acts_no_more
from ops.audit.acts import Act
from ops.models import AuditEntry
from tests.people import PASSWORD, make_administrator, make_person
from tests.trail import ADDRESS, BROWSER, acting_as, recorded, whole_trail

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def key(owner) -> ApiKey:
    return issue_key(owner, "a script")[0]


def test_a_key_made_by_an_administrator_is_its_owners(admin, owner):
    with acting_as(admin), recorded(Act.KEY_ISSUED) as entries:
        key, _ = issue_key(owner, "a script", made_by=admin)
    [entry] = entries
    assert (entry.actor, entry.actor_name, entry.owner) == (admin.pk, admin.email, owner.pk)
    assert (entry.kind, entry.key) == ("accounts.apikey", str(key.pk))
    assert entry.subject_name == f"a script (…{key.last_four})"
    assert (entry.door, entry.address, entry.browser) == ("web", ADDRESS, BROWSER)
    assert entry.details == {}


def test_what_a_new_one_is_narrowed_to_is_told(owner):
    until = dt.datetime(2030, 1, 2, tzinfo=dt.UTC)
    with recorded(Act.KEY_ISSUED) as entries:
        issue_key(owner, "x", Scope(("models",), ("m-1", "m-2"), ("192.0.2.0/24",), until))
    assert entries[0].details == {
        "endpoints": [["*"], ["models"]],
        "model_names": [["*"], ["m-1", "m-2"]],
        "expires_at": [None, "2030-01-02T00:00:00Z"],
        "changed": ["networks"],
    }


def test_a_change_tells_what_became_of_what(admin, key):
    until = dt.datetime(2030, 1, 2, tzinfo=dt.UTC)
    with acting_as(admin), recorded(*[Act.KEY_CHANGED] * 3) as entries:
        change_key(key, "another", Scope(endpoints=("models",), networks=("198.51.100.0/24",)))
        change_key(key, "another", Scope(endpoints=("models",), networks=("198.51.100.0/24",)))
        change_key(key, "another", Scope(expires_at=until))
        change_key(key, "third", Scope(expires_at=until))
    assert [entry.details for entry in entries] == [
        {"endpoints": [["*"], ["models"]], "changed": ["name", "networks"]},
        {
            "endpoints": [["models"], ["*"]],
            "expires_at": [None, "2030-01-02T00:00:00Z"],
            "changed": ["networks"],
        },
        {"changed": ["name"]},
    ]
    assert "198.51.100" not in whole_trail()
    assert {entry.owner for entry in entries} == {key.owner_id}


def test_rotating_ending_the_former_and_revoking(key):
    acts = (Act.KEY_ROTATED, Act.KEY_FORMER_ENDED, Act.KEY_ROTATED, Act.KEY_REVOKED)
    with recorded(*acts) as entries:
        rotate_key(key, HOUR)
        key.refresh_from_db()
        until = dt.datetime.fromisoformat(AuditEntry.objects.last().details["former_until"])
        assert abs(until - timezone.now() - HOUR) < dt.timedelta(minutes=1)
        end_former(key)
        end_former(key)  # there is none any more
        rotate_key(key, dt.timedelta())
        key.refresh_from_db()
        revoke_key(key)
        revoke_key(key)  # it is already
    assert [entry.details for entry in entries[1:]] == [{}, {}, {}]
    assert {entry.owner for entry in entries} == {key.owner_id}
    assert entries[2].subject_name == str(key), "the ending of the secret that it has now"


def test_what_is_refused_is_not_recorded(owner, key):
    client_id = uuid.uuid4()
    issue_key(owner, "once", client_id=client_id)
    with recorded(), pytest.raises(errors.KeyMade):
        issue_key(owner, "once", client_id=client_id)
    rotate_key(key, HOUR)
    with recorded(), pytest.raises(errors.KeyRotated):
        rotate_key(key, HOUR)  # as it was seen before
    revoke_key(key)
    for verb in (lambda: change_key(key, "y", Scope()), lambda: end_former(key)):
        with recorded(), pytest.raises(errors.KeyRevoked):
            verb()


@pytest.mark.django_db(transaction=True)
def test_an_entry_goes_with_its_act():
    key, _ = issue_key(make_person(), "x")
    for verb in (rotate_key, lambda key, _: end_former(key), lambda key, _: revoke_key(key)):
        key.refresh_from_db()
        with recorded(), transaction.atomic():
            verb(key, HOUR)
            transaction.set_rollback(True)
        verb(key, HOUR)
    acts = AuditEntry.objects.filter(kind="accounts.apikey").order_by("pk")
    assert list(acts.values_list("act", flat=True)) == [
        "key.issued", "key.rotated", "key.former_ended", "key.revoked",
    ]  # fmt: skip


def test_by_ones_own_pages(owner, owner_client):
    owner_client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    new = {"name": "p", "expires_in": "90", "client_id": uuid.uuid4()}
    with recorded(Act.KEY_ISSUED, Act.KEY_REVOKED) as entries:
        for _ in range(2):
            owner_client.post("/settings/keys/new/", new)
        key = ApiKey.objects.get()
        for _ in range(2):
            owner_client.post(f"/settings/keys/{key.pk}/revoke/")
    assert {(each.actor, each.owner, each.address) for each in entries} == {
        (owner.pk, owner.pk, "127.0.0.1")
    }


def test_nobody_elses_key_is_touched_or_recorded(outsider_client, key):
    with recorded():
        for page in ("change", "revoke", "rotate", "former-end", "limits"):
            outsider_client.post(f"/settings/keys/{key.pk}/{page}/", {"name": "x"})


def test_revoked_by_an_administrators_list(admin, admin_client, owner):
    keys = [issue_key(owner, f"k{n}")[0] for n in range(3)]
    chosen = {"action": "revoke_all", "_selected_action": [key.pk for key in keys]}
    with recorded():
        admin_client.post("/admin/accounts/apikey/", chosen)  # is asked
    with recorded(*[Act.KEY_REVOKED] * 3) as entries:
        for _ in range(2):
            admin_client.post("/admin/accounts/apikey/", {**chosen, "confirmed": ""})
    assert {(each.actor, each.owner) for each in entries} == {(admin.pk, owner.pk)}


def test_by_the_command(owner, capsys):
    acts_by(Acting(command="create_api_key"))
    with recorded(Act.KEY_ISSUED) as entries:
        call_command("create_api_key", email=owner.email, name="x")
    acts_no_more()
    [entry] = entries
    assert (entry.door, entry.actor, entry.owner) == ("command", None, owner.pk)
    assert entry.details == {"command": "create_api_key"}
    assert capsys.readouterr().out.strip() not in whole_trail()


def test_no_secret_is_told(owner, admin):
    with acting_as(admin):
        key, first = issue_key(owner, "x")
        second = rotate_key(key, HOUR)
        key.refresh_from_db()
        change_key(key, "y", Scope(("models",)))
        revoke_key(key)
    kept = whole_trail()
    for secret in (first, second):
        assert secret not in kept
    assert "sk-causerie" not in kept, "nor its beginning"
    assert bytes(key.digest).hex() not in kept


def test_a_key_sent_as_the_name_of_a_browser_is_hidden(owner, owner_client):
    _, secret = issue_key(owner, "x")
    owner_client.post("/settings/name/", {"name": "Other"}, headers={"user-agent": f"a {secret}"})
    assert AuditEntry.objects.last().browser == "a [hidden]"


def test_keys_of_the_erased_are_pseudonyms(owner, admin):
    with acting_as(owner):
        key, _ = issue_key(owner, "Olives laptop", Scope(networks=("198.51.100.9/32",)))
    with acting_as(make_administrator("other@example.test")):
        change_key(key, "Olives phone", Scope())
    erase_user(owner)
    kept = whole_trail()
    for trace in ("Olive", owner.email, "198.51.100.9"):
        assert trace not in kept
    assert AuditEntry.objects.filter(kind="accounts.apikey", key=str(key.pk)).count() == 2
