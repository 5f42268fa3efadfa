"""The audit trail in the administration: who finds what, and that nobody changes it."""

import datetime as dt
import uuid

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.api_keys import issue_key
from accounts.models import Team, User
from ops.audit.acting import Acting, acts_by, acts_no_more
from ops.audit.acts import Act
from ops.audit.trail import forget, record
from ops.models import AuditEntry
from providers.models import Provider
from tests.people import make_person, signed_in
from usage.limits import set_limits

pytestmark = pytest.mark.django_db
URL = "/admin/ops/auditentry/"


@pytest.fixture(autouse=True)
def nobody():
    yield
    acts_no_more()


def acting(user: User | None, address: str = "192.0.2.7") -> None:
    request = RequestFactory().get("/", headers={"User-Agent": "Firefox/140.0"})
    request.user = user  # type: ignore[assignment]
    acts_by(Acting(request, address))


@pytest.fixture
def team(db) -> Team:
    return Team.objects.create(name="Kitchen")


@pytest.fixture
def entries(owner, outsider, admin, team) -> dict[str, AuditEntry]:
    """What the administrator did to the owner and a team, the owner to themselves, the house."""
    acting(admin)
    record(Act.PERSON_CHANGED, owner, changed=["name", "language"])
    record(Act.TEAM_CHANGED, team, name=["Cellar", "Kitchen"], is_open=[False, None])
    acting(owner, "198.51.100.9")
    record(Act.PASSWORD_CHANGED, owner)
    acts_by(Acting(command="rotate_master_key"))
    record(Act.SECRETS_REENCRYPTED, count=3)
    acts_no_more()
    found = AuditEntry.objects.order_by("pk")
    return dict(zip(("person", "team", "password", "house"), found, strict=True))


def rows(client: Client, **query) -> list:
    return list(client.get(URL, query).context["cl"].result_list)


def text_of(client: Client, **query) -> str:
    return client.get(URL, query).content.decode()


def page_of(entry: AuditEntry) -> str:
    return reverse("admin:ops_auditentry_change", args=[entry.pk])


def test_the_list_says_who_did_what_to_which_object_from_where(admin_client, entries, owner, team):
    assert rows(admin_client) == list(reversed(entries.values()))
    html = admin_client.get(URL).content.decode()
    for words in ("admin@example.test", "Changed a team", "Kitchen", "192.0.2.7", "browser"):
        assert words in html
    assert f'href="{reverse("admin:accounts_team_change", args=[team.pk])}"' in html
    assert f'href="{reverse("admin:accounts_user_change", args=[owner.pk])}"' in html


def test_what_is_gone_is_named_without_a_link(admin_client, entries, team):
    page = reverse("admin:accounts_team_change", args=[team.pk])
    team.delete()
    html = admin_client.get(URL).content.decode()
    assert "Kitchen" in html
    assert page not in html


def test_what_another_version_wrote_is_shown(admin_client):
    AuditEntry.objects.create(
        act="ship.sunk", kind="navy.ship", key="x", door="web", subject_name="S",
        details={"how": {"deep": 3}, "why": [1, 2, 3]},
    )  # fmt: skip
    AuditEntry.objects.create(act="team.added", kind="accounts.team", key="no uuid", door="web")
    assert "ship.sunk" in admin_client.get(URL).content.decode()
    html = admin_client.get(page_of(AuditEntry.objects.get(act="ship.sunk"))).content.decode()
    assert "How: deep: 3" in html
    assert "Why: 1, 2, 3" in html


def test_a_page_says_everything_in_words(admin_client, entries):
    html = admin_client.get(page_of(entries["team"])).content.decode()
    assert "Name: Cellar → Kitchen" in html
    assert "Is open: no → nothing" in html
    assert "Firefox/140.0" in html
    assert (
        "Changed: Name, Language" in admin_client.get(page_of(entries["person"])).content.decode()
    )
    html = admin_client.get(page_of(entries["house"])).content.decode()
    assert "Command: rotate_master_key" in html
    assert "Count: 3" in html


def test_settings_are_called_as_on_their_pages(admin_client, owner, team):
    set_limits(team, requests_per_minute=5)
    record(Act.KEY_CHANGED, issue_key(owner, "k")[0], endpoints=[["*"], ["chat", "models"]])
    pages = [
        admin_client.get(page_of(entry)).content.decode()
        for entry in AuditEntry.objects.filter(act__in=["limits.set", "key.changed"]).order_by("pk")
    ]
    assert "Requests a minute: nothing → 5" in pages[0]
    assert "Endpoints: all → chat, models" in pages[1]


def test_times_are_told_as_on_every_page(admin_client, team):
    at = dt.datetime(2027, 2, 1, 17, 5, 9, 120000, tzinfo=dt.UTC)
    record(Act.TEAM_CHANGED, team, ends=[None, at], year="2027-02-01", odd="2027-02-31T00:00:00Z")
    html = admin_client.get(page_of(AuditEntry.objects.get(act="team.changed"))).content.decode()
    assert "Ends: nothing → Feb. 1, 2027, 5:05 p.m." in html
    assert "Year: 2027-02-01" in html
    assert "Odd: 2027-02-31T00:00:00Z" in html


def test_markup_in_names_and_details_is_text(admin_client, team):
    acting(None)
    Team.objects.update(name="<b>x</b>")
    record(Act.TEAM_CHANGED, Team.objects.get(), name=["<i>", "<b>x</b>"])
    for url in (URL, page_of(AuditEntry.objects.get())):
        html = admin_client.get(url).content.decode()
        assert "&lt;b&gt;x" in html
        assert "<b>x" not in html


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"act": "team.changed"}, ["team"]),
        ({"kind": "accounts.user"}, ["password", "person"]),
        ({"door": "command"}, ["house"]),
        ({"q": "OWNER@"}, ["password", "person"]),
        ({"q": "olive"}, ["password", "person"]),
        ({"q": "kitch"}, ["team"]),
        ({"q": "itchen"}, []),
        ({"q": "k%"}, []),
        ({"q": "admin@", "act": "team.changed"}, ["team"]),
        ({"act": "nonsense", "door": "nonsense", "kind": "auth.nonsense"}, None),
        ({"created_at_to": "2020-01-01"}, []),
        ({"created_at_from": "2020-01-01"}, None),
    ],
)
def test_the_list_is_narrowed(admin_client, entries, query, found):
    expected = [*reversed(entries)] if found is None else found
    assert rows(admin_client, **query) == [entries[name] for name in expected]


def test_the_list_is_narrowed_to_a_person_and_to_an_object(admin_client, entries, owner, team):
    assert rows(admin_client, actor=owner.pk) == [entries["password"]]
    assert rows(admin_client, object=f"accounts.team/{team.pk}") == [entries["team"]]
    html = admin_client.get(URL, {"object": f"accounts.team/{team.pk}"}).content.decode()
    assert "Kitchen</option>" in html


def test_a_narrowed_list_says_of_what_it_is(admin_client, entries, owner, team):
    assert "The whole trail" not in text_of(admin_client)
    html = text_of(admin_client, object=f"accounts.team/{team.pk}")
    assert "What was done to Kitchen" in html
    assert "What they did themselves" not in html
    assert 'href="?">The whole trail' in html
    html = text_of(admin_client, object=f"accounts.user/{owner.pk}")
    assert f"What was done to {owner.email}" in html
    assert f'href="?actor={owner.pk}">What they did themselves' in html
    html = text_of(admin_client, actor=owner.pk)
    assert f"What {owner.email} did" in html
    assert f'href="?object=accounts.user%2F{owner.pk}">What was done to them' in html


def test_who_did_nothing_and_what_nothing_was_done_to_are_named_by_their_keys(admin_client):
    key = uuid.uuid4()
    for query in ({"actor": key}, {"object": f"accounts.user/{key}"}):
        html = text_of(admin_client, **query)
        assert f"person {str(key)[:8]}" in html
        assert "No results found" in html
        assert "Export all that is found" not in html


def test_people_are_offered_to_whoever_may_see_them(admin_client, entries, owner):
    query = {"app_label": "admin", "model_name": "logentry", "field_name": "user", "term": "olive"}
    found = admin_client.get(reverse("admin:autocomplete"), query).json()["results"]
    assert [each["id"] for each in found] == [str(owner.pk)]


def test_the_history_of_an_object_is_what_the_trail_says(admin_client, entries, team):
    page = admin_client.get(reverse("admin:accounts_team_change", args=[team.pk]))
    history = reverse("admin:accounts_team_history", args=[team.pk])
    assert history in page.content.decode()
    answer = admin_client.get(history, follow=True)
    assert list(answer.context["cl"].result_list) == [entries["team"]]


def test_the_history_of_a_limit_is_that_of_whom_it_limits(admin_client, owner):
    limit = set_limits(owner, requests_per_minute=5)
    answer = admin_client.get(reverse("admin:usage_limit_history", args=[limit.pk]), follow=True)
    assert [entry.act for entry in answer.context["cl"].result_list] == ["limits.set"]


def test_the_history_of_nothing_leads_away(admin_client):
    for key in (uuid.uuid4(), "x"):
        url = reverse("admin:accounts_team_history", args=[key])
        assert admin_client.get(url).url == reverse("admin:index")


def test_no_list_tells_how_many_rows_it_would_have(admin_client, entries):
    assert "10000 results" not in admin_client.get(URL, {"q": "owner"}).content.decode()


def test_whoever_may_not_see_the_trail_has_djangos_history(team):
    staff = make_person(is_staff=True)
    staff.user_permissions.add(Permission.objects.get(codename="view_team"))
    answer = signed_in(staff).get(reverse("admin:accounts_team_history", args=[team.pk]))
    assert answer.status_code == 200
    assert "cl" not in answer.context


def test_an_erased_person_is_a_pseudonym(admin_client, entries, owner):
    forget(owner.pk)
    owner_pk = str(owner.pk)
    User.objects.filter(pk=owner.pk).delete()
    html = admin_client.get(URL).content.decode()
    assert f"person {owner_pk[:8]}" in html
    assert "owner@example.test" not in html
    assert "198.51.100.9" not in html
    assert rows(admin_client, actor=owner_pk) == [entries["password"]]


def test_only_who_may_sees_it(client, owner_client, entries):
    staff = make_person("staff@example.test", is_staff=True)
    for somebody in (client, owner_client, signed_in(staff)):
        for url in (URL, page_of(entries["team"])):
            assert somebody.get(url).status_code in (302, 403)
            assert somebody.post(url).status_code in (302, 401, 403)
    assert URL not in signed_in(staff).get(reverse("admin:index")).content.decode()
    staff.user_permissions.add(Permission.objects.get(codename="view_auditentry"))
    auditor = signed_in(User.objects.get(pk=staff.pk))
    assert len(rows(auditor)) == 4
    html = auditor.get(URL).content.decode()
    assert "/admin/accounts/" not in html  # what they may not open is not linked


def test_an_administrator_finds_it_in_the_sidebar(admin_client):
    assert f'href="{URL}"' in admin_client.get(reverse("admin:index")).content.decode()


def test_an_entry_is_neither_added_nor_changed_nor_deleted(admin_client, entries):
    before = list(AuditEntry.objects.order_by("pk").values())
    entry = entries["team"]
    assert admin_client.post(f"{URL}add/", {"act": "team.added", "door": "web"}).status_code == 403
    assert admin_client.post(page_of(entry), {"act": "team.added"}).status_code == 403
    gone = admin_client.post(
        reverse("admin:ops_auditentry_delete", args=[entry.pk]), {"post": "yes"}
    )
    assert gone.status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [str(entry.pk)], "post": "yes"}
    admin_client.post(URL, chosen)
    assert list(AuditEntry.objects.order_by("pk").values()) == before


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_other_methods_change_nothing(admin_client, entries, method):
    getattr(admin_client, method)(page_of(entries["team"]))
    assert AuditEntry.objects.count() == 4


@pytest.mark.parametrize(
    "query",
    ["actor=x", "actor=", "actor=%FF", "object=x", "object=/", "object=accounts.team/" + "9" * 500,
     "object=a.b/c/d", "act=person.", "kind=accounts.user&kind=x", "door=web%27", "p=-1", "p=abc",
     "p=201", "created_at_from=2026-13-45", "created_at_to=9999-12-31", "created_at_to=x",
     "q=" + "%25" * 900, "q=%F0%9F%98%80", "o=1.2.3", "id__in=x", "actor__exact=x", "e=1",
     "created_at_from=0001-01-01", "created_at_from=9999-12-31", "created_at_to=9999-12-30",
     "created_at_to=0001-01-01", "address=x", "created_at__year=0", "created_at__year=" + "9" * 30,
     "created_at__range=", "subject_name__regex=(", "details__a=1", f"actor={uuid.UUID(int=4)}"],
)  # fmt: skip
def test_bad_queries_never_break_the_list(admin_client, entries, query):
    assert admin_client.get(f"{URL}?{query}").status_code in (200, 302)


@pytest.mark.parametrize("name", ["actor", "object", "act", "kind", "door", "q", "created_at_to"])
def test_no_zero_byte_reaches_the_database(admin_client, entries, name):
    assert admin_client.get(f"{URL}?{name}=accounts.team/%00").status_code in (200, 302, 400)


@pytest.mark.parametrize("key", ["x", "0", "-1", "_00", "9" * 400])
def test_a_page_of_no_entry_leads_away(admin_client, key):
    answer = admin_client.get(reverse("admin:ops_auditentry_change", args=[key]))
    assert answer.status_code == 302


def test_a_list_costs_the_same_few_queries_however_long(admin_client, entries, owner, team):
    few = queries(admin_client)
    acting(owner)
    for _ in range(60):
        record(Act.TEAM_CHANGED, team)
        record(Act.PERSON_CHANGED, make_person())
    assert len(queries(admin_client)) == len(few)
    assert not [sql for sql in queries(admin_client) if "COUNT(" in sql and "auditentry" in sql]
    assert len(rows(admin_client)) == 50
    assert len(rows(admin_client, p=3)) == 24


def queries(client: Client) -> list[str]:
    client.get(URL)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(URL).status_code == 200
    return [query["sql"] for query in captured]


def test_days_are_those_of_the_pages(admin_client, entries):
    today = dt.datetime.now(dt.UTC).date().isoformat()
    assert len(rows(admin_client, created_at_from=today, created_at_to=today)) == 4


def test_days_hold_what_was_numbered_late(django_assert_num_queries):
    """An entry's time is the begin of its transaction: others of later days may come before it."""
    day = dt.timedelta(days=1)
    noon = dt.datetime(2026, 3, 10, 12, tzinfo=dt.UTC)
    for ago in (3, 1.6, 1, 0, -0.4, 0.4, -1, 0.3, -1.6, -3):
        at = noon - ago * day
        AuditEntry.objects.create(act="team.added", door="house", created_at=at)
    midnight = noon.replace(hour=0)
    with django_assert_num_queries(3):
        found = AuditEntry.objects.within(midnight, midnight + day)
        times = sorted(entry.created_at for entry in found)
    assert times == [noon - 0.4 * day, noon - 0.3 * day, noon, noon + 0.4 * day]
    assert AuditEntry.objects.within(None, None).count() == 10


def test_a_provider_is_linked_where_it_is(admin_client):
    provider = Provider.objects.create(name="Somewhere", base_url="http://127.0.0.1:1/v1")
    record(Act.PROVIDER_TESTED, provider, ok=True)
    page = reverse("admin:providers_provider_change", args=[provider.pk])
    assert page in admin_client.get(URL).content.decode()
