"""Limits in the administration: the list, one limit, whose pages lead there, and who may."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.api_keys import issue_key
from accounts.models import Team
from ops.models import AuditEntry
from providers.actions import add_model, add_provider
from providers.models import ModelSpec, Route
from providers.values import Prompt, Turn
from tests.people import make_person
from usage.actions import hold, payer_of
from usage.admin import shown
from usage.limits import set_limits
from usage.models import Limit
from usage.shares import shares_of

pytestmark = pytest.mark.django_db
LIST = reverse("admin:usage_limit_changelist")
NOBODY = "00000000-0000-4000-8000-000000000000"
ADD = reverse("admin:usage_limit_add")


@pytest.fixture
def spec() -> ModelSpec:
    provider = add_provider("P", "https://models.example.test/v1")
    return add_model(provider, "gpt-5-mini", input_price=Decimal(1), output_price=Decimal(1))


@pytest.fixture
def team(owner) -> Team:
    team = Team.objects.create(name="Customer service")
    team.members.add(owner)
    return team


def page_of(limit: Limit, what: str = "change") -> str:
    return reverse(f"admin:usage_limit_{what}", args=[limit.pk])


def rows(client, **query) -> list[Limit]:
    response = client.get(LIST, query)
    assert response.status_code == 200
    return list(response.context["cl"].result_list)


def text(response) -> str:
    return response.content.decode()


class TestList:
    def test_it_names_whose_each_is_and_how_it_stands(self, admin_client, owner, team, spec):
        set_limits(owner, day_budget=Decimal("2.5"), max_streams=3)
        Limit.objects.update(day_spent=Decimal("2.1"))
        set_limits(team, month_budget=Decimal(1200))
        set_limits(spec, requests_per_minute=0)
        html = text(admin_client.get(LIST))
        for words in (
            owner.email, "84 %", "$2.10 of $2.50 today", "0 of 3 answers at once",
            "Customer service", "$0.00 of $1,200.00 this month", "in order",
            "full for now", "0 of 0 requests a minute",
            reverse("admin:accounts_user_change", args=[owner.pk]),
            reverse("admin:accounts_team_change", args=[team.pk]),
            reverse("admin:providers_modelspec_change", args=[spec.pk]),
        ):  # fmt: skip
            assert words in html, words
        assert [limit.kind for limit in rows(admin_client)] == ["model", "user", "team"]

    def test_it_says_whose_a_key_is(self, admin_client, owner):
        key = issue_key(owner, "a script")[0]
        set_limits(key, max_streams=1)
        assert f"{key} · {owner.email}" in text(admin_client.get(LIST))

    def test_it_is_narrowed_by_kind_state_and_name(self, admin_client, owner, team, spec):
        person = set_limits(owner, total_budget=Decimal(10))
        Limit.objects.update(total_spent=Decimal(9))
        of_team = set_limits(team, total_budget=Decimal(10))
        of_model = set_limits(spec, total_budget=Decimal(0))
        assert rows(admin_client, kind="team") == [of_team]
        assert rows(admin_client, state="near") == [of_model, person]
        assert rows(admin_client, state="full") == [of_model]
        assert rows(admin_client, state="fine") == [of_team]
        assert rows(admin_client, q="olive") == [person]
        assert rows(admin_client, q="service") == [of_team]
        assert rows(admin_client, q=spec.label) == [of_model]
        assert rows(admin_client, q="nobody") == []
        for nonsense in ({"kind": "x"}, {"state": "x"}, {"o": "3"}, {"o": "-3.1"}):
            assert len(rows(admin_client, **nonsense)) == 3

    def test_fifty_rows_cost_what_one_does(self, admin_client, owner, spec, team):
        def queries() -> int:
            with CaptureQueriesContext(
                connection,
            ) as captured:
                rows(admin_client)
            return len(captured)

        set_limits(owner, max_streams=1)
        queries()
        one = queries()
        set_limits(spec, max_streams=1)
        set_limits(team, max_streams=1)
        for _ in range(48):
            set_limits(make_person(), max_streams=1, day_budget=Decimal(1))
        assert queries() == one <= 8

    @pytest.mark.parametrize("spent", ["0", "0.4", "0.9", "1"])
    @pytest.mark.parametrize("days_ago", [0, 40])
    def test_it_is_sorted_by_what_is_shown(self, owner, spec, spent, days_ago):
        """What SQL says of how much is used is what the pages draw."""
        set_limits(owner, day_budget=Decimal(1), month_budget=Decimal(2), tokens_per_minute=30_000,
                   requests_per_minute=9, max_streams=7, total_budget=Decimal(3))  # fmt: skip
        hold(payer_of(owner), "chat", spec, Prompt(turns=(Turn("user", "x"),), max_tokens=5000))
        day = Limit.objects.get().day - dt.timedelta(days=days_ago)
        Limit.objects.update(day=day, month=day.replace(day=1), day_spent=Decimal(spent),
                             month_spent=Decimal(spent), total_spent=Decimal(spent))  # fmt: skip
        limit = Limit.objects.standing().get()
        shares = shares_of(shown.standing_of(limit))
        assert limit.used == pytest.approx(max(share.of_all for share in shares.values()))
        Limit.objects.update(seconds=[limit.seconds[0] - 61], held=0, day_budget=None)
        Limit.objects.update(month_budget=None, total_budget=None, max_streams=None)
        assert Limit.objects.standing().get().used == 0


class TestAdding:
    def test_a_person_a_team_and_a_model_get_limits(self, admin_client, owner, team, spec):
        for kind, subject in (("user", owner), ("team", team), ("model", spec)):
            given = {"kind": kind, kind: str(subject.pk), "day_budget": "2.5", "max_streams": "2"}
            assert admin_client.post(ADD, given).status_code == 302
            limit = Limit.objects.get(**{kind: subject})
            assert (limit.day_budget, limit.max_streams) == (Decimal("2.5"), 2)
            assert limit.subject == subject
            entry = AuditEntry.objects.get(key=str(subject.pk), act="limits.set")
            assert entry.subject_name == str(subject)

    def test_what_was_chosen_of_another_kind_does_not_count(self, admin_client, owner, team):
        given = {"kind": "team", "user": str(owner.pk), "team": str(team.pk), "max_streams": "1"}
        assert admin_client.post(ADD, given).status_code == 302
        assert Limit.objects.get().team == team

    def test_it_begins_with_what_the_ledger_says(self, admin_client, owner, spec):
        hold(payer_of(owner), "chat", spec, Prompt(turns=(Turn("user", "x"),), max_tokens=50))
        given = {"kind": "user", "user": str(owner.pk), "max_streams": "1"}
        assert admin_client.post(ADD, given).status_code == 302
        assert Limit.objects.get().open_calls == 1

    def test_one_that_is_there_is_named_with_a_link(self, admin_client, owner):
        limit = set_limits(owner, max_streams=1)
        given = {"kind": "user", "user": str(owner.pk), "max_streams": "2"}
        html = text(admin_client.post(ADD, given))
        assert "It has limits already." in html
        assert f'href="{page_of(limit)}"' in html
        assert Limit.objects.get().max_streams == 1

    @pytest.mark.parametrize("kind", ["user", "team", "model", "", "x", "\x00"])
    @pytest.mark.parametrize("who", ["", "x", "\x00", NOBODY, "9" * 400])
    def test_nobody_and_nonsense_are_refused(self, admin_client, owner, kind, who):
        given = {"kind": kind, kind or "user": who, "max_streams": "1"}
        assert admin_client.post(ADD, given).status_code == 200
        assert not Limit.objects.exists()

    def test_no_limit_at_all_and_bad_numbers_are_refused(self, admin_client, owner):
        given = {"kind": "user", "user": str(owner.pk)}
        assert "Nothing is limited." in text(admin_client.post(ADD, given))
        for number in ("-1", "NaN", "1e400", "Infinity", "0.00001", "\x00", "9" * 5000):
            for name in ("day_budget", "tokens_per_minute"):
                assert admin_client.post(ADD, {**given, name: number}).status_code == 200
        assert not Limit.objects.exists()

    def test_it_is_opened_for_somebody(self, admin_client, owner):
        html = text(admin_client.get(f"{ADD}?user={owner.pk}"))
        assert f'<option value="{owner.pk}" selected>{owner.email}</option>' in html
        limit = set_limits(owner, max_streams=1)
        response = admin_client.get(f"{ADD}?user={owner.pk}")
        assert response["Location"] == page_of(limit)

    @pytest.mark.parametrize(
        "query",
        ["user=x", f"team={NOBODY}", "key=x", "kind=x", "max_streams=x", "model=" + "9" * 400],
    )
    def test_nonsense_in_its_address_opens_it_empty(self, admin_client, query):
        assert admin_client.get(f"{ADD}?{query}").status_code == 200

    def test_nul_in_its_address_is_refused(self, admin_client):
        assert admin_client.get(f"{ADD}?user=%00").status_code == 400


class TestChanging:
    def test_what_is_changed_is_set_and_recorded(self, admin_client, owner, outsider):
        limit = set_limits(owner, day_budget=Decimal(1), max_streams=3)
        given = {"day_budget": "2", "max_streams": "3", "user": str(outsider.pk), "held": "5"}
        assert admin_client.post(page_of(limit), given).status_code == 302
        limit.refresh_from_db()
        assert (limit.user, limit.day_budget, limit.max_streams) == (owner, 2, 3)
        assert limit.held == 0
        entry = AuditEntry.objects.latest("pk")
        assert entry.details == {"day_budget": ["1", "2"]}

    def test_the_last_one_is_not_emptied(self, admin_client, owner):
        limit = set_limits(owner, max_streams=3)
        html = text(admin_client.post(page_of(limit), {"max_streams": ""}))
        assert "Enter a number, or delete the limit." in html
        assert Limit.objects.get().max_streams == 3

    def test_counters_go_on_while_the_page_is_open(self, admin_client, owner, spec):
        limit = set_limits(owner, max_streams=3)
        admin_client.get(page_of(limit))
        hold(payer_of(owner), "chat", spec, Prompt(turns=(Turn("user", "x"),), max_tokens=50))
        assert admin_client.post(page_of(limit), {"max_streams": "4"}).status_code == 302
        assert Limit.objects.values_list("max_streams", "open_calls").get() == (4, 1)

    def test_the_page_says_how_it_stands(self, admin_client, owner, spec):
        limit = set_limits(owner, day_budget=Decimal(10), requests_per_minute=5)
        prompt = Prompt(turns=(Turn("user", "x"),), max_tokens=5000)
        record = hold(payer_of(owner), "chat", spec, prompt)
        Limit.objects.update(day_spent=Decimal("1.25"), month_spent=Decimal("3.5"),
                             total_spent=Decimal("0.00001"))  # fmt: skip
        standing = admin_client.get(page_of(limit)).context["standing"]
        now = {str(line.what): line.now for line in standing}
        assert now == {
            "Spent today": "$1.25",
            "Spent this month": "$3.50",
            "Spent in total": "<$0.0001",
            "Held by answers under way": "$0.005",
            "Answers under way": "1",
            "Requests in the last minute": "1",
            "Tokens in the last minute": f"{record.held_input_tokens + 5000:,}",
        }
        assert "$1.255 of $10.00" in standing[0].share
        assert "midnight" in standing[0].anew
        assert standing[2].anew == "never"
        assert "1 of 5" in standing[5].share
        assert standing[6].share == ""

    def test_models_that_no_budget_allows_are_counted(self, admin_client, owner, spec):
        limit = set_limits(owner, max_streams=3)
        unpriced = add_model(spec.provider, "unpriced")
        assert admin_client.get(page_of(limit)).context["unpriced"] == 0
        set_limits(owner, total_budget=Decimal(3))
        response = admin_client.get(page_of(limit))
        url = f"{reverse('admin:providers_modelspec_changelist')}?price=unknown"
        assert response.context["unpriced"] == 1
        assert f'href="{url}"' in text(response)
        assert list(admin_client.get(url).context["cl"].result_list) == [unpriced]

    def test_a_price_of_output_is_not_missed_where_nothing_is_written(
        self, admin_client, owner, spec
    ):
        limit = set_limits(owner, day_budget=Decimal(1))
        for number, ability in enumerate(("embeddings", "moderation")):
            able = {"abilities": [ability], "input_price": 1}
            add_model(spec.provider, f"reads-{number}", **able)
        assert admin_client.get(page_of(limit)).context["unpriced"] == 0

    def test_of_a_model_only_those_that_answer_for_it_are(self, admin_client, spec):
        limit = set_limits(spec, total_budget=Decimal(3))
        unpriced = add_model(spec.provider, "unpriced")
        assert admin_client.get(page_of(limit)).context["unpriced"] == 0
        Route.objects.create(model=spec, to=unpriced)
        assert admin_client.get(page_of(limit)).context["unpriced"] == 1


class TestDeleting:
    def test_one_and_several(self, admin_client, owner, outsider):
        limit, other = set_limits(owner, max_streams=1), set_limits(outsider, max_streams=1)
        assert admin_client.get(page_of(limit, "delete")).status_code == 200
        assert admin_client.post(page_of(limit, "delete"), {"post": "yes"}).status_code == 302
        assert Limit.objects.get() == other
        chosen = {"action": "delete_selected", "_selected_action": str(other.pk), "post": "yes"}
        assert admin_client.post(LIST, chosen).status_code == 302
        assert not Limit.objects.exists()
        assert AuditEntry.objects.filter(act="limits.removed").count() == 2


class TestWhoIsGone:
    def test_the_page_says_so(self, admin_client, owner, monkeypatch):
        """Erased after the form was read, and before its limits are set."""
        set_limits_ = set_limits

        def too_late(subject, **settings):
            owner.__class__.objects.filter(pk=owner.pk).delete()
            return set_limits_(subject, **settings)

        monkeypatch.setattr("usage.admin.limit.set_limits", too_late)
        given = {"kind": "user", "user": str(owner.pk), "max_streams": "1"}
        response = admin_client.post(ADD, given, follow=True)
        assert response.redirect_chain == [(LIST, 302)]
        assert "not there any more" in text(response)
        assert not Limit.objects.exists()
        assert not AuditEntry.objects.filter(act="limits.set").exists()


class TestPagesOfSubjects:
    def test_they_say_what_limits_and_lead_there(self, admin_client, owner, team, spec):
        for kind, subject in (("user", owner), ("team", team), ("model", spec)):
            of = subject._meta
            url = reverse(f"admin:{of.app_label}_{of.model_name}_change", args=[subject.pk])
            assert f'href="{ADD}?{kind}={subject.pk}"' in text(admin_client.get(url))
            limit = set_limits(subject, day_budget=Decimal("2.5"), requests_per_minute=1000)
            html = text(admin_client.get(url))
            assert "1,000 requests a minute, $2.50 a day" in html
            assert f'href="{page_of(limit)}"' in html


class TestWhoMay:
    def test_administrators_only(self, client, owner, owner_client, outsider_client):
        limit = set_limits(owner, max_streams=3)
        staff = make_person(is_staff=True)
        urls = (LIST, ADD, page_of(limit), page_of(limit, "delete"), page_of(limit, "history"))
        for url in urls:
            for somebody in (client, owner_client, outsider_client):
                assert somebody.get(url).status_code in (302, 403), url
                posted = somebody.post(url, {"post": "yes", "max_streams": "9"})
                assert posted.status_code in (302, 401, 403), url
            client.force_login(staff)
            assert client.get(url).status_code == 403, url
            assert client.post(url, {"post": "yes", "max_streams": "9"}).status_code == 403, url
            client.logout()
        assert Limit.objects.get().max_streams == 3

    @pytest.mark.parametrize("method", ["put", "patch", "delete"])
    def test_other_methods_change_nothing(self, admin_client, owner, method):
        limit = set_limits(owner, max_streams=3)
        for url in (LIST, ADD, page_of(limit), page_of(limit, "delete")):
            assert getattr(admin_client, method)(url).status_code in (200, 405)
        assert Limit.objects.get().max_streams == 3
