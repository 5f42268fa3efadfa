"""The ledger's list and pages: what they show, and how far they look."""

import datetime as dt
import uuid
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.actions import erase_user
from accounts.api_keys import issue_key
from accounts.models import ApiKey
from providers.models import Credential, ModelSpec
from tests.administration.scenery import make_spec
from tests.administration.test_pages import page_of
from tests.people import make_administrator
from usage.actions import account_of
from usage.limits import set_limits
from usage.models import UsageRecord

pytestmark = pytest.mark.django_db
LEDGER = "/admin/usage/usagerecord/"


@pytest.fixture
def spec() -> ModelSpec:
    return make_spec()


def record(user, spec, *, minutes: float = 0, **fields) -> UsageRecord:
    values = {
        "account": account_of(user), "door": "api", "model": spec, "deployment": spec,
        "credential": spec.provider.credentials.first(), "provider_name": "p",
        "model_name": spec.label, "deployment_name": spec.name, "state": "settled",
        "held_input_tokens": 9, "held_output_tokens": 9, "held_cost": Decimal("0.25"),
        "input_tokens": 3, "output_tokens": 4, "is_reported": True, "outcome": "stop",
        "first_token_ms": 210, "latency_ms": 1234, "ended_at": timezone.now(),
        "created_at": timezone.now() - dt.timedelta(minutes=minutes),
    }  # fmt: skip
    if fields.get("state", "settled") != "settled":
        values |= {"input_tokens": None, "output_tokens": None, "is_reported": False}
    if fields.get("state") == "held":
        values |= {"ended_at": None, "lease_expires_at": timezone.now(), "outcome": ""}
    return UsageRecord.objects.create(**values | fields)


def page(client, **query):
    response = client.get(LEDGER, query)
    assert response.status_code == 200, response.headers
    return response.context["cl"]


def rows(client, **query) -> list[UsageRecord]:
    return list(page(client, **query).result_list)


def test_each_filter_finds_its_own(admin_client, owner, outsider, spec):
    other = ModelSpec.objects.create(provider=spec.provider, name="other", label="Other")
    spare = Credential.objects.create(provider=spec.provider, name="spare", secret="s")
    key = issue_key(owner, "k")[0]
    plain = record(outsider, spec, minutes=9)
    found = {
        ("model__id__exact", other.pk): record(owner, spec, model=other),
        ("deployment__id__exact", other.pk): record(owner, spec, deployment=other),
        ("credential__id__exact", spare.pk): record(owner, spec, credential=spare),
        ("key__id__exact", key.pk): record(owner, spec, key=key),
        ("account__id__exact", account_of(outsider).pk): plain,
        ("door", "title"): record(owner, spec, door="title"),
        ("state", "held"): record(owner, spec, state="held"),
        ("state", "released"): record(owner, spec, state="released", outcome="cancelled"),
        ("counted", "estimated"): record(owner, spec, is_reported=False),
        ("ended", "failed"): record(owner, spec, outcome="interrupted"),
    }
    for (name, value), expected in found.items():
        assert rows(admin_client, **{name: value}) == [expected], name
    everything = UsageRecord.objects.count()
    assert len(rows(admin_client, state="settled")) == everything - 2
    assert len(rows(admin_client, counted="reported")) == everything - 3
    assert len(rows(admin_client, ended="ended_well")) == everything - 2
    assert len(rows(admin_client, state="", door="", ended="")) == everything


def test_filters_are_combined(admin_client, owner, outsider, spec):
    record(owner, spec, outcome="interrupted", door="chat")
    wanted = record(owner, spec, outcome="interrupted")
    record(outsider, spec, outcome="interrupted")
    assert rows(admin_client, ended="failed", door="api", q=owner.email) == [wanted]
    assert rows(admin_client, q="nobody@", ended="failed") == []


@pytest.mark.parametrize(
    "query",
    [
        {"model__id__exact": "nonsense"},
        {"key__id__exact": "1"},
        {"account__id__exact": "' OR 1=1"},
        {"p": "999999"},
        {"p": "-1"},
        {"nonsense": "1"},
    ],
)
def test_nonsense_leads_back_to_the_list(admin_client, owner, spec, query):
    record(owner, spec)
    response = admin_client.get(LEDGER, query)
    assert response.status_code == 302
    assert response.url.endswith("?e=1")


@pytest.mark.parametrize(
    "query",
    [
        {"state": "delete"},
        {"ended": "__class__"},
        {"door": "x" * 3000},
        {"created_at_from": "yesterday"},
        {"created_at_to": "9999-12-31"},
        {"model__id__exact": str(uuid.uuid4())},
        {"o": "99.-99"},
    ],
)
def test_what_no_filter_offers_does_no_harm(admin_client, owner, spec, query):
    record(owner, spec)
    assert len(rows(admin_client, **query)) <= 1
    assert UsageRecord.objects.count() == 1


@pytest.fixture
def few(monkeypatch) -> None:
    """Lists look through six rows at most."""
    for place in ("usage.admin.record_list.MOST_ROWS", "ops.admin.NewestRows.count"):
        monkeypatch.setattr(place, 6)


def test_one_filter_with_an_index_looks_at_everything(admin_client, owner, spec, few):
    old = record(owner, spec, minutes=99, outcome="interrupted")
    for n in range(9):
        record(owner, spec, minutes=n)
    assert rows(admin_client, ended="failed") == [old]
    assert page(admin_client, ended="failed").looked_since is None
    assert page(admin_client).looked_since is None
    assert page(admin_client, q=owner.email).looked_since is None


@pytest.mark.parametrize(
    "query",
    [
        {"ended": "failed", "door": "api"},
        {"ended": "failed", "state": "settled"},
        {"door": "api", "counted": "reported"},
        {"state": "settled"},
        {"q": "owner@", "state": "settled"},
    ],
)
def test_several_look_through_the_newest_and_say_so(admin_client, owner, spec, few, query):
    for n in range(9):
        record(owner, spec, minutes=n, outcome="interrupted" if n in (2, 8) else "connection")
    found = page(admin_client, **query)
    began = sorted(UsageRecord.objects.values_list("created_at", flat=True), reverse=True)
    assert found.looked_since == began[5]
    assert "the newest 6 calls only" in admin_client.get(LEDGER, query).content.decode()
    assert all(row.created_at >= began[5] for row in found.result_list)
    day = (timezone.now() - dt.timedelta(days=1)).date().isoformat()
    assert page(admin_client, **query, created_at_to=day).looked_since is None  # nothing there


def test_of_several_people_each_has_its_part(admin_client, owner, outsider, spec, few):
    for n in range(9):
        record(owner, spec, minutes=n)
    rare = record(outsider, spec, minutes=1.5)
    found = page(admin_client, q="example.test")
    assert found.looked_since is not None
    assert rare in found.result_list
    assert len(found.result_list) <= 6


def test_a_list_ends_where_a_page_would_cost_too_much(admin_client, owner, spec, monkeypatch):
    monkeypatch.setattr("ops.admin.NewestRows.count", 45)
    account = account_of(owner)
    UsageRecord.objects.bulk_create(
        UsageRecord(
            account=account, door="api", held_input_tokens=1, held_output_tokens=1,
            state="released", ended_at=timezone.now(),
        )
        for _ in range(120)
    )  # fmt: skip
    first = admin_client.get(LEDGER).content.decode()
    assert 'rel="next"' in first
    assert "A list ends after" not in first
    last = admin_client.get(LEDGER, {"p": 2}).content.decode()
    assert 'rel="next"' not in last
    assert 'rel="prev"' in last
    assert "A list ends after 45 rows." in last
    assert admin_client.get(LEDGER, {"p": 3}).status_code == 302


def test_the_list_says_who_answered_with_which_key_and_how_fast(admin_client, owner, spec):
    other = ModelSpec.objects.create(provider=spec.provider, name="other", label="Other")
    key = issue_key(owner, "My program")[0]
    record(owner, spec, deployment=other, deployment_name="other-1", key=key)
    html = admin_client.get(LEDGER).content.decode()
    for expected in (
        f"{spec.label}, answered by other-1", "My program", "3 / 4", "0.21 s / 1.23 s",
    ):  # fmt: skip
        assert expected in html


def test_a_records_page_shows_hold_limits_and_times(admin_client, owner, spec):
    limit = set_limits(owner, day_budget=Decimal(9))
    gone = 123_456
    mine = record(owner, spec, limits=[limit.pk, gone])
    html = admin_client.get(page_of(mine)).content.decode()
    for expected in ("0.25", f"{limit}, deleted", "1.23 s", "0.21 s", "main …9876"):
        assert expected in html, expected


def test_what_a_record_named_may_be_gone(admin_client, owner, spec):
    key = issue_key(owner, "k")[0]
    mine = record(owner, spec, key=key)
    ApiKey.objects.all().delete()
    Credential.objects.all().delete()
    ModelSpec.objects.all().delete()
    mine.refresh_from_db()
    assert (mine.key_id, mine.model_id) == (key.pk, spec.pk)
    for url in (LEDGER, page_of(mine)):
        html = admin_client.get(url).content.decode()
        assert "deleted" in html
        assert spec.label in html
    assert rows(admin_client, model__id__exact=spec.pk) == [mine]


def test_no_filter_offers_thousands(admin_client, owner, spec):
    record(owner, spec)
    with CaptureQueriesContext(connection) as before:
        size = len(admin_client.get(LEDGER).content)
    digests = (uuid.uuid4().bytes * 2 for _ in range(300))
    ApiKey.objects.bulk_create(ApiKey(owner=owner, name="k", digest=each) for each in digests)
    ModelSpec.objects.bulk_create(
        ModelSpec(provider=spec.provider, name=f"m{n}", label=f"m{n}") for n in range(300)
    )
    with CaptureQueriesContext(connection) as after:
        assert len(admin_client.get(LEDGER).content) == pytest.approx(size, abs=200)
    assert len(after) == len(before)


@pytest.mark.parametrize("field", ["account", "key", "model", "deployment", "credential"])
def test_what_a_filter_is_to_find_is_found_by_a_search(
    admin_client, outsider_client, owner, spec, field
):
    record(owner, spec, key=issue_key(owner, "owner's")[0])
    asked = {"app_label": "usage", "model_name": "usagerecord", "field_name": field}
    term = {"account": "owner@", "key": "owner", "credential": "main"}.get(field, "script")
    url = reverse("admin:autocomplete")
    found = admin_client.get(url, asked | {"term": term}).json()["results"]
    assert [each["id"] for each in found] == [
        str(getattr(UsageRecord.objects.get(), f"{field}_id"))
    ]
    assert outsider_client.get(url, asked).status_code in (302, 403)


def test_erasing_a_person_touches_no_record(owner, outsider, spec):
    make_administrator()
    key = issue_key(owner, "k")[0]
    mine = record(owner, spec, key=key)
    with CaptureQueriesContext(connection) as captured:
        erase_user(owner)
    touched = [q["sql"] for q in captured if "usage_usagerecord" in q["sql"]]
    assert touched == []
    mine.refresh_from_db()
    assert mine.account.user is None
    assert mine.key_id == key.pk
    assert not ApiKey.objects.filter(pk=key.pk).exists()


@pytest.mark.parametrize(
    ("way", "index"),
    [
        ("held", "usage_newest_held"),
        ("released", "usage_newest_released"),
        ("estimated", "usage_newest_estimated"),
        ("failed", "usage_newest_failed"),
    ],
)
def test_what_is_rare_has_an_index_in_a_plan_for_any_value_too(db, way, index):
    newest = getattr(UsageRecord.objects, way)().order_by("-created_at", "-pk")[:50]
    sql, params = newest.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        cursor.execute(f"EXPLAIN {sql}", params)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert index in plan, plan


def test_a_lists_statements_are_planned_for_what_is_asked(admin_client, owner, spec):
    record(owner, spec)
    with CaptureQueriesContext(connection) as captured:
        admin_client.get(LEDGER, {"q": owner.email})
    asked = [query["sql"] for query in captured]
    begin = asked.index("SET LOCAL plan_cache_mode = force_custom_plan")
    reads = [n for n, sql in enumerate(asked) if 'FROM "usage_usagerecord"' in sql]
    end = max(n for n, sql in enumerate(asked) if sql.startswith("RELEASE SAVEPOINT"))
    assert reads
    assert all(begin < n < end for n in reads)
