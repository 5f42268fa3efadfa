"""The pages of usage: who sees which calls, whatever the address asks for."""

import csv
import datetime as dt
import io
import re
import uuid
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from accounts.api_keys import issue_key
from accounts.models import Team
from providers.actions import add_model, add_provider
from tests.people import make_person, signed_in
from tests.streamed import whole
from tests.usage.ledgers import record
from usage.actions import payer_of
from usage.limits import set_limits
from usage.models import UsageRecord
from usage.rollups import roll_up

pytestmark = pytest.mark.django_db
HOUSE, OWN = "/admin/usage/dashboard/", "/settings/usage/"
FORMULA = "=HYPERLINK(1)"
NOBODYS = uuid.UUID(int=4)  # the same in each process that collects these tests
NONSENSE = [
    "range=nonsense", "range=7&range=90", "from=x&to=y", "from=9999-12-31", "to=0001-01-01",
    "from=0001-01-01&to=9999-12-31", "from=2026-02-02&to=2026-01-01", "from=%00", "by=nonsense",
    "by=%00", "model=nonsense", "model=%00", "key=1", "person=' OR 1=1", "team=99999999999999999",
    "provider=%00%FF", "door=" + "x" * 3000, f"model={NOBODYS}", f"team={NOBODYS}",
    f"person={NOBODYS}", f"key={NOBODYS}", "format=nonsense", "rows=nonsense&format=csv",
]  # fmt: skip


@pytest.fixture
def spec():
    provider = add_provider("P", "https://models.example.test/v1")
    return add_model(provider, "m", label=FORMULA)


@pytest.fixture
def calls(owner, outsider, spec):
    """The owner's two calls of 25 cents, one with a key; the outsider's one of three dollars."""
    ago = timezone.now() - dt.timedelta(days=2)
    given = {"model_id": spec.pk, "model_name": spec.label, "latency_ms": 1500}
    theirs, others = (payer_of(user).account_id for user in (owner, outsider))
    keys = [issue_key(user, f"key of {user.name}")[0] for user in (owner, outsider)]
    UsageRecord.objects.bulk_create(
        [
            record(ago, account_id=theirs, cost=Decimal("0.25"), **given),
            record(ago, account_id=theirs, cost=Decimal("0.25"), key_id=keys[0].pk, **given),
            record(ago, account_id=others, cost=Decimal(3), key_id=keys[1].pk, **given),
        ]
    )
    return keys


def totals(response) -> dict[str, str]:
    """The large figures of a page, by the names of their charts."""
    text = response.content.decode()
    found = re.findall(r"chart--([a-z-]+).*?chart-total\">(.*?)<", text, re.DOTALL)
    return dict(found)


def sheet(response) -> list[list[str]]:
    text = whole(response).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_an_administrator_sees_all_calls(admin_client, calls):
    response = admin_client.get(HOUSE)
    drawn = response.content.decode().count('<g class="chart-column"><title>')
    assert drawn == 30 * 4  # there are neither errors nor first tokens
    assert totals(response) == {
        "spend": "$3.5000", "tokens": "9", "requests": "3", "errors": "0", "duration": "1.50 s",
        "first-token": "–",
    }  # fmt: skip


def test_people_see_their_own_calls(owner_client, calls):
    response = owner_client.get(OWN)
    assert totals(response)["spend"] == "$0.5000"
    assert totals(response)["requests"] == "2"
    assert "key of Otto" not in response.content.decode()
    by_key = owner_client.get(OWN, {"by": "key"}).content.decode()
    assert "key of Olive" in by_key
    assert "key of Otto" not in by_key


def test_the_key_of_somebody_else_shows_nothing_of_theirs(owner_client, outsider, calls):
    for query in ({"key": calls[1].pk}, {"key": calls[1].pk, "by": "key"}):
        text = owner_client.get(OWN, query).content.decode()
        assert "key of Otto" not in text
        assert "$3.00" not in text
        assert "No calls in this time." in text
    account = payer_of(outsider).account_id
    shown = owner_client.get(OWN, {"person": account, "by": "person"})
    assert totals(shown)["spend"] == "$0.5000"
    assert outsider.email not in shown.content.decode()
    table = sheet(owner_client.get(OWN, {"key": calls[1].pk, "format": "csv", "rows": "shares"}))
    assert len(table) == 1


def test_others_are_kept_out_of_the_dashboard(client, owner_client, calls):
    assert client.get(HOUSE).status_code == 302
    assert owner_client.get(HOUSE).status_code in (302, 403)
    assert owner_client.get(HOUSE, {"format": "csv"}).status_code in (302, 403)
    staff = make_person("staff@example.test", is_staff=True)
    assert signed_in(staff).get(HOUSE).status_code == 403
    staff.user_permissions.add(Permission.objects.get(codename="view_usagerecord"))
    assert totals(signed_in(staff).get(HOUSE))["requests"] == "3"


def test_nobody_has_no_usage(client):
    response = client.get(OWN)
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_they_are_only_looked_at(admin_client, method):
    for url in (HOUSE, OWN):
        response = getattr(admin_client, method)(url)
        assert response.status_code == 405, url
        assert admin_client.head(url).status_code == 200


@pytest.mark.parametrize("query", NONSENSE)
def test_nonsense_is_passed_over(admin_client, calls, query):
    """What holds no text at all is refused before any page of the house reads it."""
    status = 400 if "%00" in query else 200
    for url in (HOUSE, OWN):
        for more in ("", "&format=csv", "&format=csv&rows=shares"):
            response = admin_client.get(f"{url}?{query}{more}")
            assert response.status_code == status, url


def test_each_row_leads_to_its_own_figures_and_calls(admin_client, owner, outsider, calls):
    Team.objects.create(name="T").members.add(owner)
    for by in ("model", "person", "team", "key", "provider", "door"):
        page = admin_client.get(HOUSE, {"by": by, "range": "7"})
        rows = page.context["shares"]
        assert rows, by
        for row in rows:
            if row.href is None:  # without a key, in no team
                continue
            narrowed = admin_client.get(HOUSE + row.href)
            asked = parse_qs(urlsplit(row.href).query)
            assert set(asked) == {by, "range"}
            assert totals(narrowed)["requests"] == row.cells[2], row
            assert narrowed.context["asked"].by != by
            assert bool(row.ledger) == (by not in ("provider", "team"))
            if row.ledger:
                ledger = admin_client.get(row.ledger)
                assert len(ledger.context["cl"].result_list) == int(row.cells[2]), row.ledger


def test_a_filter_is_kept_by_every_link_but_its_own_end(admin_client, calls):
    key = str(calls[0].pk)
    page = admin_client.get(HOUSE, {"key": key, "from": "2026-01-01", "to": "2026-01-20"})
    for _, href, _ in (*page.context["ranges"], *page.context["kinds"]):
        assert parse_qs(href[1:])["key"] == [key]
    for _, href, _ in page.context["kinds"]:
        assert parse_qs(href[1:])["from"] == ["2026-01-01"]
    assert "key" not in parse_qs(page.context["unfiltered"][1:])
    text = page.content.decode()
    assert f'<input type="hidden" name="key" value="{key}">' in text
    assert "key of Olive" in text


def test_the_figures_as_a_spreadsheet(admin_client, calls):
    response = admin_client.get(HOUSE, {"range": "7", "format": "csv"})
    today = timezone.localdate()
    first = today - dt.timedelta(days=6)
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == (f'attachment; filename="usage-{first}-{today}.csv"')
    head, *rows = sheet(response)
    assert [row[0] for row in rows] == [str(first + dt.timedelta(days=n)) for n in range(7)]
    spend = [Decimal(row[head.index("cost_usd")]) for row in rows]
    assert (sum(spend), spend[4]) == (Decimal("3.5"), Decimal("3.5"))


def test_what_is_a_formula_to_a_spreadsheet_is_text_there(admin_client, calls):
    response = admin_client.get(HOUSE, {"range": "7", "format": "csv", "rows": "shares"})
    assert "usage-by-model-" in response["Content-Disposition"]
    head, row = sheet(response)
    assert row[0] == "'" + FORMULA
    assert row[head.index("calls")] == "3"


def test_the_others_are_a_row_of_the_spreadsheet(admin_client, owner, spec):
    account = payer_of(owner).account_id
    UsageRecord.objects.bulk_create(
        [record(timezone.now(), account_id=account, door=f"door {n}") for n in range(53)]
    )
    query = {"range": "7", "by": "door"}
    page = admin_client.get(HOUSE, query)
    assert len(page.context["shares"]) == 51
    assert (page.context["shares"][-1].name, page.context["shares"][-1].href) == ("others", None)
    assert page.context["shares"][-1].cells[2] == "3"
    assert sheet(admin_client.get(HOUSE, {**query, "format": "csv", "rows": "shares"}))[-1][0] == (
        "others"
    )


def test_people_see_how_their_own_budgets_stand(owner_client, owner, outsider, calls):
    assert "Your budgets" not in owner_client.get(OWN).content.decode()
    set_limits(owner, total_budget=Decimal(2))
    set_limits(outsider, total_budget=Decimal(77))
    text = owner_client.get(OWN).content.decode()
    assert "Your budgets" in text
    assert "$0.50 of $2" in text
    assert "$77" not in text


def test_calls_without_a_price_and_estimates_are_told(admin_client, owner):
    account = payer_of(owner).account_id
    record(timezone.now(), account_id=account, cost=None).save()
    record(timezone.now(), account_id=account, is_reported=True).save()
    text = admin_client.get(HOUSE).content.decode()
    assert "1 call has no known price and is not in the spend." in text
    assert "The tokens of 1 call were estimated" in text


def test_a_period_is_compared_with_the_one_before_if_there_was_any(admin_client, owner):
    account = payer_of(owner).account_id
    now = timezone.now()
    record(now, account_id=account, cost=Decimal(3)).save()
    assert "compared with" not in admin_client.get(HOUSE, {"range": "7"}).content.decode()
    record(now - dt.timedelta(days=8), account_id=account, cost=Decimal(2)).save()
    text = admin_client.get(HOUSE, {"range": "7"}).content.decode()
    assert "compared with" in text
    assert "50 % more than in the time before" in text


@pytest.mark.parametrize("by", ["model", "person", "team", "key", "provider", "door"])
def test_the_number_of_statements_is_that_of_the_page(
    admin_client, calls, owner, spec, django_assert_max_num_queries, by
):
    def counted() -> int:
        with django_assert_max_num_queries(30) as found:
            assert admin_client.get(HOUSE, {"by": by, "range": "90"}).status_code == 200
        return len(found)

    Team.objects.create(name="T").members.add(owner)
    before = counted()
    for number in range(8):
        person = make_person(name=f"n{number}")
        Team.objects.create(name=f"T{number}").members.add(person)
        other = add_model(spec.provider, f"m{number}")
        record(
            timezone.now() - dt.timedelta(days=number * 9),
            account_id=payer_of(person).account_id,
            model_id=other.pk,
            key_id=issue_key(person, "k")[0].pk,
            provider_name=f"P{number}",
            door=f"d{number}",
        ).save()
    roll_up()
    assert counted() == before


def test_both_are_in_their_menus(admin_client, owner_client):
    assert f'href="{HOUSE}"' in admin_client.get("/admin/").content.decode()
    assert f'href="{HOUSE}?range=7"' in admin_client.get("/admin/").content.decode()
    assert f'<a href="{OWN}">Usage</a>' in owner_client.get("/settings/").content.decode()
    assert reverse("own-usage") == OWN
