"""Limits that are set and removed are recorded: of whom, by whom, from what to what."""

from decimal import Decimal

import pytest
from django.db import transaction

from accounts.api_keys import issue_key, revoke_key
from accounts.errors import KeyRevoked
from accounts.models import Team
from ops.audit.acts import Act
from tests.people import make_administrator, make_person
from tests.trail import ADDRESS, acting_as, recorded
from usage.errors import LimitsBind
from usage.limits import remove_limits, set_limits

pytestmark = pytest.mark.django_db
SET, REMOVED = Act.LIMITS_SET, Act.LIMITS_REMOVED


def test_what_changed_is_told_from_old_to_new(admin, owner):
    with acting_as(admin), recorded(SET, SET, SET) as entries:
        set_limits(owner, day_budget=Decimal("5.50"), requests_per_minute=60)
        set_limits(owner, day_budget=Decimal("5.5000"), requests_per_minute=60)
        set_limits(owner, day_budget=Decimal(100), requests_per_minute=60)
        set_limits(owner, total_budget=Decimal(0), max_streams=0)
    assert [entry.details for entry in entries] == [
        {"day_budget": [None, "5.5"], "requests_per_minute": [None, 60]},
        {"day_budget": ["5.5", "100"]},
        {
            "day_budget": ["100", None],
            "requests_per_minute": [60, None],
            "total_budget": [None, "0"],
            "max_streams": [None, 0],
        },
    ]
    entry = entries[0]
    assert (entry.actor, entry.address) == (admin.pk, ADDRESS)
    assert (entry.kind, entry.key, entry.owner) == ("accounts.user", str(owner.pk), owner.pk)


def test_removing_tells_what_there_was(owner):
    set_limits(owner, month_budget=Decimal("0.05"))
    with recorded(REMOVED) as entries:
        remove_limits(owner)
        remove_limits(owner)
    assert entries[0].details == {"month_budget": ["0.05", None]}


def test_of_a_key_that_is_its_owners(admin, owner):
    key, _ = issue_key(owner, "x")
    with acting_as(owner), recorded(SET) as by_owner:
        set_limits(key, by_owner=True, max_streams=2)
    with acting_as(admin), recorded(SET) as by_admin:
        set_limits(key, max_streams=2)
    assert by_admin[0].details == {"binds_owner": [None, True]}
    for entry in by_owner + by_admin:
        assert (entry.kind, entry.key, entry.owner) == ("accounts.apikey", str(key.pk), owner.pk)


def test_of_a_team(admin):
    team = Team.objects.create(name="Kitchen")
    with acting_as(admin), recorded(SET, REMOVED) as entries:
        set_limits(team, max_streams=2)
        remove_limits(team)
    for entry in entries:
        assert (entry.kind, entry.subject_name, entry.owner) == ("accounts.team", "Kitchen", None)


def test_what_is_refused_is_not_recorded(owner):
    key, _ = issue_key(owner, "x")
    set_limits(key, max_streams=2)
    with recorded():
        with pytest.raises(LimitsBind):
            set_limits(key, by_owner=True, max_streams=3)
        with pytest.raises(LimitsBind):
            remove_limits(key, by_owner=True)
    revoke_key(key)
    with recorded(), pytest.raises(KeyRevoked):
        set_limits(key, max_streams=3)


@pytest.mark.django_db(transaction=True)
def test_an_entry_goes_with_its_act():
    user = make_person()
    for verb, act in ((lambda: set_limits(user, max_streams=2), SET), (
        lambda: remove_limits(user), REMOVED,
    )):  # fmt: skip
        with recorded(), transaction.atomic():
            verb()
            transaction.set_rollback(True)
        with recorded(act):
            verb()


def test_by_the_pages(client, owner, owner_client):
    key, _ = issue_key(owner, "x")
    page = f"/settings/keys/{key.pk}/limits/"
    admin = make_administrator()
    client.force_login(admin)
    form = {"kind": "user", "user": owner.pk, "max_streams": 3}
    with recorded(SET, REMOVED, SET) as entries:
        owner_client.post(page, {"max_streams": 2})
        owner_client.post(page, {})
        owner_client.post(page, {"max_streams": -1})
        client.post("/admin/usage/limit/add/", form)
    assert [entry.actor for entry in entries] == [owner.pk, owner.pk, admin.pk]
    assert entries[2].details == {"max_streams": [None, 3]}
