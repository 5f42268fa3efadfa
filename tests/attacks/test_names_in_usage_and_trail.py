"""Names that are markup: on the pages of usage and of the audit trail they stay words."""

import re

import pytest
from django.db import transaction
from django.test import RequestFactory
from django.utils import timezone

from accounts.api_keys import issue_key
from accounts.models import Team
from ops.audit.acting import Acting, acts_by, acts_no_more
from ops.audit.acts import Act
from ops.audit.trail import record
from ops.models import AuditEntry
from providers.models import ModelSpec, Provider
from tests.people import signed_in
from tests.usage.ledgers import record as called
from usage.actions import payer_of

pytestmark = pytest.mark.django_db
NAME = "\"'><img src=x onerror=alert(1) hx-get=/x>{{7}}</title></script>\u202e"
KINDS = ("model", "person", "team", "key", "provider", "door")


@pytest.fixture
def house(owner):
    """Whatever people and administrators name is called so."""
    owner.name = NAME
    owner.save()
    team = Team.objects.create(name=NAME)
    team.members.add(owner)
    provider = Provider.objects.create(name=NAME, base_url="https://models.example.test/v1")
    spec = ModelSpec.objects.create(provider=provider, name="m", label=NAME)
    key = issue_key(owner, NAME)[0]
    account = payer_of(owner).account_id
    names = {"model_name": NAME, "deployment_name": NAME, "provider_name": NAME}
    call = {"account_id": account, "model": spec, "key": key, **names}
    called(timezone.now(), **call).save()
    called(timezone.now(), **call | {"model_id": None, "door": NAME[:20]}).save()
    values = {"model": spec.pk, "person": account, "team": team.pk, "key": key.pk}
    request = RequestFactory().get("/", headers={"User-Agent": NAME})
    request.user = owner
    acts_by(Acting(request, "192.0.2.7"))
    for each in (owner, team, provider, spec, key):
        with transaction.atomic():
            record(Act.TEAM_CHANGED, each, owner=owner.pk, name=[NAME, NAME], **{NAME: NAME})
    acts_no_more()
    return values | {"provider": NAME, "door": NAME[:20]}


def check(answer, *, named: bool = True) -> None:
    assert answer.status_code == 200
    html = answer.content.decode()
    assert "<img src=x" not in html
    assert not named or "&lt;img src=x" in html or "%3Cimg+src" in html
    assert not re.search(r"<[a-z][^>]*\shx-get=/x", re.sub(r'"[^"]*"|&[^;]*;', "", html))


@pytest.mark.parametrize("by", KINDS)
def test_dashboards(admin_client, owner, house, by):
    named = by != "person"  # who is called by their address
    check(admin_client.get("/admin/usage/dashboard/", {"by": by, by: house[by]}), named=named)
    check(admin_client.get("/admin/usage/dashboard/", {"by": by}), named=named)
    for kind in KINDS:
        check(
            admin_client.get("/admin/usage/dashboard/", {"by": by, kind: house[kind]}), named=False
        )
    for own in ("model", "key", "provider", "door"):
        check(signed_in(owner).get("/settings/usage/", {"by": by, own: house[own]}))


def test_the_trail(admin_client, house):
    check(admin_client.get("/admin/ops/auditentry/"))
    check(admin_client.get("/admin/ops/auditentry/", {"q": NAME}))
    for entry in AuditEntry.objects.filter(act=Act.TEAM_CHANGED):
        check(admin_client.get(f"/admin/ops/auditentry/{entry.pk}/change/"))
        named = f"{entry.kind}/{entry.key}"
        check(admin_client.get("/admin/ops/auditentry/", {"object": named}), named=False)
        check(admin_client.get("/admin/ops/auditentry/", {"actor": entry.actor}))
        check(admin_client.get("/admin/ops/auditentry/", {"object": NAME + "/" + NAME, "q": NAME}))
