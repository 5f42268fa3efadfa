"""Keys for programs: what they open, for how long, from where, and what is kept of them."""

import datetime as dt
import uuid

import pytest
from django.db import connection
from django.utils import timezone

from accounts import api_keys, errors
from accounts.actions import deactivate_user
from accounts.api_keys import (
    Scope,
    authenticate,
    change_key,
    end_former,
    issue_key,
    note_use,
    revoke_key,
    rotate_key,
)
from accounts.models import ApiKey, ApiKeyPepper
from accounts.rights import current_rights_version

HERE = "192.0.2.7"


def test_a_secret_is_known_again_and_nowhere_kept(owner):
    key, secret = issue_key(owner, "for a script")
    assert secret.startswith("sk-causerie-")
    assert len(secret) == 12 + 43
    found = authenticate(secret, HERE)
    assert (found, found.owner) == (key, owner)
    row = str(ApiKey.objects.filter(pk=key.pk).values().get())
    assert secret not in row
    assert secret[16:-4] not in row
    assert key.masked == f"{secret[:16]}…{secret[-4:]}"


def test_two_keys_are_not_alike(owner):
    assert issue_key(owner, "one")[1] != issue_key(owner, "two")[1]


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "sk-causerie-",
        "sk-causerie-" + "a" * 43,
        "sk-causerie-" + "a" * 42 + "\x00",
        "' OR 1=1 --",
        "sk-causerie-" + "a" * 10_000,
        "ключ",
    ],
)
def test_what_was_never_issued_opens_nothing(owner, secret):
    issue_key(owner, "a key")
    with pytest.raises(errors.UnknownKey):
        authenticate(secret, HERE)


def test_a_malformed_secret_is_not_looked_up(owner, django_assert_num_queries):
    with django_assert_num_queries(0), pytest.raises(errors.UnknownKey):
        authenticate("sk-causerie-short", HERE)


def test_a_secret_is_looked_up_once(owner, django_assert_num_queries):
    _, secret = issue_key(owner, "a key")
    with django_assert_num_queries(1):
        authenticate(secret, HERE)


def test_another_process_reads_the_pepper_that_was_made_first(owner, monkeypatch):
    _, secret = issue_key(owner, "a key")
    monkeypatch.setattr(api_keys, "_pepper", b"")
    assert authenticate(secret, HERE)
    monkeypatch.setattr(api_keys, "_pepper", b"of a database that was there before")
    assert authenticate(secret, HERE)
    assert ApiKeyPepper.objects.count() == 1


def test_a_revoked_key_says_so_and_bumps_rights_once(owner):
    key, secret = issue_key(owner, "a key")
    before = current_rights_version()
    revoke_key(key)
    revoked_at = ApiKey.objects.get(pk=key.pk).revoked_at
    revoke_key(key)
    assert current_rights_version() == before + 1
    assert ApiKey.objects.get(pk=key.pk).revoked_at == revoked_at
    with pytest.raises(errors.KeyRevoked):
        authenticate(secret, HERE)
    with pytest.raises(errors.KeyRevoked):
        rotate_key(key, dt.timedelta())
    with pytest.raises(errors.KeyRevoked):
        change_key(key, "again", Scope())


def test_a_key_ends_when_it_expires(owner):
    soon = timezone.now() + dt.timedelta(minutes=1)
    key, secret = issue_key(owner, "a key", Scope(expires_at=soon))
    assert authenticate(secret, HERE)
    ApiKey.objects.filter(pk=key.pk).update(expires_at=timezone.now())
    with pytest.raises(errors.KeyExpired):
        authenticate(secret, HERE)


def test_a_suspended_person_s_keys_open_nothing(owner):
    _, secret = issue_key(owner, "a key")
    deactivate_user(owner)
    with pytest.raises(errors.OwnerSuspended):
        authenticate(secret, HERE)
    with pytest.raises(errors.OwnerSuspended):
        issue_key(owner, "another")


@pytest.mark.parametrize(
    ("networks", "address", "opens"),
    [
        ((), None, True),
        (("192.0.2.0/24",), "192.0.2.7", True),
        (("192.0.2.0/24",), "::ffff:192.0.2.7", True),
        (("192.0.2.0/24",), "192.0.3.7", False),
        (("192.0.2.7",), "192.0.2.7", True),
        (("2001:db8::/32", "192.0.2.7/32"), "2001:db8::1", True),
        (("2001:db8::/32",), "192.0.2.7", False),
        (("192.0.2.0/24",), None, False),
        (("192.0.2.0/24",), "unix:", False),
    ],
)
def test_a_key_opens_from_its_networks_only(owner, networks, address, opens):
    _, secret = issue_key(owner, "a key", Scope(networks=networks))
    if opens:
        assert authenticate(secret, address)
    else:
        with pytest.raises(errors.AddressNotAllowed):
            authenticate(secret, address)


def test_both_secrets_work_while_a_rotation_overlaps(owner):
    key, old = issue_key(owner, "a key")
    new = rotate_key(key, dt.timedelta(hours=1))
    assert authenticate(old, HERE) == authenticate(new, HERE) == key
    ApiKey.objects.filter(pk=key.pk).update(former_until=timezone.now())
    assert authenticate(new, HERE)
    with pytest.raises(errors.UnknownKey):
        authenticate(old, HERE)


def test_a_rotation_without_overlap_ends_both_earlier_secrets(owner):
    key, first = issue_key(owner, "a key")
    second = rotate_key(key, dt.timedelta(hours=1))
    key.refresh_from_db()
    before = current_rights_version()
    third = rotate_key(key, dt.timedelta())
    assert current_rights_version() == before + 1
    for gone in (first, second):
        with pytest.raises(errors.UnknownKey):
            authenticate(gone, HERE)
    assert authenticate(third, HERE)


def test_who_rotates_second_is_told_and_ends_nothing(owner):
    key, old = issue_key(owner, "a key")
    new = rotate_key(key, dt.timedelta(hours=1))
    with pytest.raises(errors.KeyRotated):
        rotate_key(key, dt.timedelta(hours=1))
    assert authenticate(old, HERE) == authenticate(new, HERE) == key


def test_the_former_secret_is_ended_early(owner):
    key, old = issue_key(owner, "a key")
    new = rotate_key(key, dt.timedelta(hours=1))
    key.refresh_from_db()
    assert key.has_former
    before = current_rights_version()
    end_former(key)
    assert current_rights_version() == before + 1
    with pytest.raises(errors.UnknownKey):
        authenticate(old, HERE)
    found = authenticate(new, HERE)
    assert (found.has_former, found.former_last_four) == (False, "")
    revoke_key(key)
    with pytest.raises(errors.KeyRevoked):
        end_former(key)


def test_asking_twice_makes_one_key_and_nobody_takes_anothers_id(owner, outsider):
    client_id = uuid.uuid4()
    key, secret = issue_key(owner, "a key", client_id=client_id)
    with pytest.raises(errors.KeyMade) as again:
        issue_key(owner, "a key", client_id=client_id)
    assert again.value.key == key
    assert authenticate(secret, HERE) == key
    assert issue_key(outsider, "a key", client_id=client_id)[0] != key
    assert ApiKey.objects.count() == 2


def test_a_person_has_a_hundred_working_keys_at_most(owner, outsider, monkeypatch):
    monkeypatch.setattr(api_keys, "MOST_WORKING", 2)
    first, _ = issue_key(owner, "1")
    issue_key(owner, "2")
    with pytest.raises(errors.TooManyKeys):
        issue_key(owner, "3")
    issue_key(outsider, "1")
    revoke_key(first)
    issue_key(owner, "3")


def test_use_is_noted_once_a_minute(owner, django_assert_num_queries):
    key, secret = issue_key(owner, "a key")
    note_use(authenticate(secret, HERE), HERE)
    used = authenticate(secret, HERE)
    assert used.last_used_from == HERE
    with django_assert_num_queries(0):
        note_use(used, "192.0.2.8")
    ApiKey.objects.update(last_used_at=timezone.now() - dt.timedelta(minutes=2))
    note_use(ApiKey.objects.get(pk=key.pk), None)
    assert ApiKey.objects.get(pk=key.pk).last_used_from is None


def test_the_pepper_is_encrypted(owner):
    issue_key(owner, "a key")
    pepper = ApiKeyPepper.objects.get().secret
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM accounts_apikeypepper")
        (stored,) = cursor.fetchone()
    assert pepper not in str(stored)
