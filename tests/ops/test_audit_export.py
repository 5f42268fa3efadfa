"""The audit trail as a file: what is in it, for whom, and at what cost."""

import csv
import io
import json

import pytest
from allauth.usersessions.models import UserSession
from asgiref.sync import sync_to_async
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import localdate

from accounts.actions import deactivate_user, end_sessions, withdraw_administration
from accounts.models import Team, User
from ops.audit.acts import Act
from ops.audit.trail import record
from ops.models import AuditEntry
from tests.people import make_administrator, make_person, signed_in
from tests.streamed import whole

pytestmark = pytest.mark.django_db
URL = "/admin/ops/auditentry/export/"


@pytest.fixture
def entries(db, owner) -> list[AuditEntry]:
    record(Act.TEAM_ADDED, Team.objects.create(name="=cmd|'/C calc'!A1"))
    record(Act.TEAM_ADDED, Team.objects.create(name='Küche, «两»\n"so"'))
    record(Act.PERSON_CHANGED, owner, changed=["name"])
    return list(AuditEntry.objects.order_by("-pk"))


def taken(client: Client, form: str, query: str = "") -> str:
    answer = client.post(f"{URL}{query}", {"format": form})
    assert answer.status_code == 200
    today = localdate().isoformat()
    named = f'attachment; filename="audit-trail-{today}.{form}"'
    assert answer.headers["Content-Disposition"] == named
    return whole(answer).decode()


def table(text: str) -> list[dict[str, str]]:
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:])))


def test_csv_holds_everything_newest_first(admin_client, entries, owner):
    rows = table(taken(admin_client, "csv"))
    assert [int(row["id"]) for row in rows] == [entry.pk for entry in entries]
    first = rows[0]
    assert (first["act"], first["kind"]) == ("person.changed", "accounts.user")
    assert (first["key"], first["owner"]) == (str(owner.pk), str(owner.pk))
    assert first["created_at"] == entries[0].created_at.isoformat()
    assert json.loads(first["details"]) == {"changed": ["name"]}
    assert rows[1]["subject_name"] == 'Küche, «两»\n"so"'


def test_a_name_is_no_formula(admin_client, entries):
    assert table(taken(admin_client, "csv"))[2]["subject_name"] == "'=cmd|'/C calc'!A1"


def test_json_lines_hold_the_same(admin_client, entries, owner):
    rows = [json.loads(line) for line in taken(admin_client, "jsonl").split("\n")[:-1]]
    assert [row["id"] for row in rows] == [entry.pk for entry in entries]
    assert rows[0]["details"] == {"changed": ["name"]}
    assert (rows[0]["actor"], rows[0]["address"]) == (None, None)
    assert rows[2]["subject_name"] == "=cmd|'/C calc'!A1"


def test_an_export_is_narrowed_as_its_list_is(admin_client, entries):
    assert len(table(taken(admin_client, "csv", "?act=person.changed"))) == 1
    assert len(table(taken(admin_client, "csv", "?q=owner@"))) == 1
    assert table(taken(admin_client, "csv", "?created_at_to=2020-01-01")) == []
    assert taken(admin_client, "jsonl", "?door=command") == ""
    html = admin_client.get("/admin/ops/auditentry/?act=person.changed&p=1").content.decode()
    assert f'action="{URL}?act=person.changed"' in html


def test_an_export_is_recorded_without_what_was_looked_for(admin, admin_client, entries):
    text = taken(admin_client, "csv", "?q=owner@&door=house")
    entry = AuditEntry.objects.get(act="house.trail_exported")
    assert (entry.actor, entry.door) == (admin.pk, "web")
    assert entry.details == {"format": "csv", "filters": ["door", "q"]}
    assert "trail_exported" not in text


def test_only_who_may_see_the_trail_exports_it(client, owner_client, entries):
    staff = signed_in(make_person(is_staff=True))
    for somebody in (client, owner_client, staff):
        answer = somebody.post(URL, {"format": "csv"})
        assert answer.status_code in (302, 401, 403)
    assert AuditEntry.objects.count() == 3


@pytest.mark.parametrize("method", ["get", "head", "put", "patch", "delete"])
def test_it_is_asked_for_by_post_alone(admin_client, entries, method):
    assert getattr(admin_client, method)(URL, {"format": "csv"}).status_code == 405
    assert AuditEntry.objects.count() == 3


def test_it_needs_its_token(admin, entries):
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin)
    assert client.post(URL, {"format": "csv"}).status_code == 403


@pytest.mark.parametrize(
    "sent", [{}, {"format": "exe"}, {"format": "\x00"}, {"format": ["csv", "x"]}]
)
def test_an_unknown_format_is_refused(admin_client, entries, sent):
    assert admin_client.post(URL, sent).status_code == 400
    assert AuditEntry.objects.count() == 3


@pytest.mark.parametrize("query", ["?actor=x", "?p=abc", "?p=201", "?id__in=x", "?created_at_to=x"])
def test_bad_queries_never_break_it(admin_client, entries, query):
    assert admin_client.post(f"{URL}{query}", {"format": "csv"}).status_code in (200, 302)


def test_many_are_read_by_few_statements(admin_client):
    AuditEntry.objects.bulk_create(
        [AuditEntry(act="team.changed", door="house", details={"n": n}) for n in range(20_000)],
        batch_size=2000,
    )
    for form in ("csv", "jsonl"):
        with CaptureQueriesContext(connection) as captured:
            text = taken(admin_client, form)
        assert text.count("team.changed") == 20_000
        assert len([query for query in captured if "SELECT" in query["sql"]]) <= 20


@pytest.mark.django_db(transaction=True)
async def test_the_server_sends_it_in_parts(admin):
    await AuditEntry.objects.abulk_create(
        [AuditEntry(act="team.changed", door="house") for _ in range(1200)]
    )
    client = AsyncClient()
    await client.aforce_login(admin)
    answer = await client.post(URL, {"format": "jsonl"})
    parts = [part async for part in answer]
    assert [part.count(b"\n") for part in parts] == [500, 500, 200]


def signed_out(user: User) -> None:
    end_sessions(UserSession.objects.filter(user=user))
    Session.objects.all().delete()  # of a test's client, which allauth does not know


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("lose", [deactivate_user, withdraw_administration, signed_out])
async def test_who_may_no_more_gets_no_more_of_it(admin, monkeypatch, lose):
    monkeypatch.setattr("ops.admin.export.ASKED_AGAIN_SECONDS", 0.0)
    await sync_to_async(make_administrator)("another@example.test")
    await AuditEntry.objects.abulk_create(
        [AuditEntry(act="team.changed", door="house") for _ in range(1200)]
    )
    client = AsyncClient()
    await client.aforce_login(admin)
    answer = await client.post(URL, {"format": "jsonl"})
    parts = aiter(answer)
    assert (await anext(parts)).count(b"\n") == 500
    await sync_to_async(lose)(admin)
    with pytest.raises(PermissionDenied):
        await anext(parts)
