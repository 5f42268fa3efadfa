"""What the lists find, do, and cost."""

import uuid
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Team
from assistants.models import SavedPrompt
from chat.models import Conversation, Message
from providers.models import ModelSpec, Provider
from runs.models import Run
from tests.administration.scenery import called
from tests.administration.test_pages import changelist, page_of
from tests.people import make_person, signed_in
from usage.actions import account_of
from usage.limits import set_limits
from usage.models import Account, Limit, UsageRecord


def rows(client, url: str, **query) -> list:
    return list(client.get(url, query).context["cl"].result_list)


def queries(client, url: str) -> list[str]:
    client.get(url)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(url).status_code == 200
    return [query["sql"] for query in captured]


def test_the_ledger_is_found_by_person_state_door_model_and_day(
    admin_client, owner, outsider, lived_in
):
    theirs = called(outsider, lived_in.spec, reported=False)
    url = changelist(UsageRecord)
    assert len(rows(admin_client, url)) == 2
    assert rows(admin_client, url, q="outsider@") == [theirs]
    assert rows(admin_client, url, q="nobody@") == []
    assert rows(admin_client, url, state="held") == []
    assert len(rows(admin_client, url, state="settled")) == 2
    assert rows(admin_client, url, door="title") == []
    assert len(rows(admin_client, url, door="chat")) == 2
    assert rows(admin_client, url, counted="estimated") == [theirs]
    assert len(rows(admin_client, url, model__id__exact=lived_in.spec.pk)) == 2
    today = theirs.created_at.date().isoformat()
    assert len(rows(admin_client, url, created_at_from=today, created_at_to=today)) == 2
    assert rows(admin_client, url, created_at_to="2020-01-01") == []
    assert rows(admin_client, url, created_at_from="2999-01-01") == []
    html = admin_client.get(url).content.decode()
    assert "reported" in html
    assert "estimated" in html


def test_an_account_shows_what_it_came_to(admin_client, owner, spec):
    ModelSpec.objects.update(input_price=100_000, output_price=50_000)  # 3 and 4 tokens: 50 cents
    spec.refresh_from_db()
    for _ in range(3):
        called(owner, spec)
    html = admin_client.get(page_of(account_of(owner))).content.decode()
    assert "9 read, 12 written" in html
    assert "1.5" in html


def test_a_run_is_found_by_its_id(admin_client, lived_in):
    assert rows(admin_client, changelist(Run), q=str(lived_in.run.pk)) == [lived_in.run]
    assert rows(admin_client, changelist(Run), q=str(uuid.uuid4())) == []


def test_a_run_shows_its_attempts_and_their_records(admin_client, lived_in):
    html = admin_client.get(page_of(lived_in.run)).content.decode()
    assert page_of(lived_in.record) in html


def stop(client, *runs: Run):
    chosen = {"action": "stop", "_selected_action": [str(run.pk) for run in runs]}
    return client.post(changelist(Run), chosen, follow=True)


def test_live_runs_are_stopped_and_others_left_alone(admin_client, lived_in):
    assert "1 run was asked to stop." in stop(admin_client, lived_in.run).content.decode()
    lived_in.run.refresh_from_db()
    assert lived_in.run.state == "stopped"
    ended = lived_in.run.finished_at
    assert "0 runs were asked to stop." in stop(admin_client, lived_in.run).content.decode()
    lived_in.run.refresh_from_db()
    assert lived_in.run.finished_at == ended


def test_a_conversation_shows_how_much_was_said(admin_client, lived_in):
    html = admin_client.get(page_of(lived_in.conversation)).content.decode()
    assert str(len("Words-nobody-else-may-read asked")) in html
    assert (
        admin_client.get(changelist(Conversation)).context["cl"].result_list[0].message_count == 2
    )


@pytest.fixture
def many(owner, lived_in) -> None:
    """Enough for a second page of everything."""
    account, spec, run = account_of(owner), lived_in.spec, lived_in.run
    record = lived_in.record
    fields = {"door": "chat", "model": spec, "provider_name": "p", "model_name": "m"}
    UsageRecord.objects.bulk_create(
        UsageRecord(
            **fields, account=account, held_input_tokens=1, held_output_tokens=1, state="released",
            ended_at=record.ended_at,
        )
        for _ in range(60)
    )  # fmt: skip
    Run.objects.bulk_create(
        Run(door="chat", topic="t", user=owner, account=account, model=spec, client_id=uuid.uuid4(),
            state="stopped", finished_at=run.created_at)
        for _ in range(60)
    )  # fmt: skip
    talks = Conversation.objects.bulk_create(
        Conversation(owner=owner, title="t", model=spec) for _ in range(60)
    )
    Message.objects.bulk_create(Message(conversation=t, role="user", text="x") for t in talks)
    Message.objects.bulk_create(
        Message(conversation=lived_in.conversation, role="user", text="x") for _ in range(80)
    )
    SavedPrompt.objects.bulk_create(
        SavedPrompt(owner=owner, name="n", command=f"c{n}", text="t") for n in range(60)
    )


@pytest.mark.parametrize("model", [Account, UsageRecord, Run, Conversation, SavedPrompt])
def test_a_list_costs_the_same_few_queries_however_long(admin_client, lived_in, request, model):
    few = queries(admin_client, changelist(model))
    request.getfixturevalue("many")
    more = queries(admin_client, changelist(model))
    assert len(more) == len(few) <= 10
    counts = [sql for sql in more if sql.startswith("SELECT COUNT(") and "FROM (" not in sql]
    assert counts == []


@pytest.mark.parametrize("of", ["record", "run", "conversation", "prompt"])
def test_a_page_costs_the_same_few_queries(admin_client, lived_in, request, of):
    url = page_of(getattr(lived_in, of))
    few = queries(admin_client, url)
    request.getfixturevalue("many")
    assert len(queries(admin_client, url)) == len(few) <= 9


def test_texts_are_not_even_read(admin_client, lived_in):
    urls = [changelist(m) for m in (Run, Conversation, SavedPrompt)]
    urls += [page_of(row) for row in (lived_in.run, lived_in.conversation, lived_in.prompt)]
    for url in urls:
        for sql in queries(admin_client, url):
            for column in ('"runs_run"."text"', '"runs_run"."prefix"', '."title"', '."name"'):
                read = sql.partition(" FROM ")[0].replace('"providers_provider"."name"', "")
                read = read.replace('"providers_modelspec"."name"', "").replace(
                    '"accounts_user"."name"', ""
                )
                assert column not in read, sql


def test_the_newest_of_a_million_rows_come_by_index(db, admin_client, lived_in, many):
    """Only the plan is looked at: rows of tests are few, so sequential reading is forbidden."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        for model, index in ((UsageRecord, "usage_newest_first"), (Run, "runs_newest_first")):
            newest = model.objects.order_by("-created_at", "-pk")[:50]
            cursor.execute(f"EXPLAIN {newest.query}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert index in plan, plan


def test_the_sidebar_leads_everywhere_and_back(admin_client, lived_in):
    html = admin_client.get(reverse("admin:index")).content.decode()
    for model in (Account, UsageRecord, Run, Conversation, SavedPrompt):
        assert changelist(model) in html
    assert 'href="/"' in html
    assert "Causerie" in html


def test_the_overview_says_how_the_house_is_doing(admin_client, lived_in):
    queries(admin_client, reverse("admin:index"))
    response = admin_client.get(reverse("admin:index"))
    people, models, answers, calls = response.context["figures"]
    assert (people.value, people.note) == ("2", "1 signed in within a day")
    assert models.value == "1"
    assert (answers.value, answers.note) == ("0", "1 waiting, 0 went wrong within a day")
    assert (calls.value, calls.note) == ("1", "7 tokens, $0.00")
    assert len(queries(admin_client, reverse("admin:index"))) <= 12


def test_the_overview_names_budgets_near_their_end(admin_client, owner, outsider, lived_in):
    team = Team.objects.create(name="<b>Sales</b>")
    few = len(queries(admin_client, reverse("admin:index")))
    assert admin_client.get(reverse("admin:index")).context["budgets"] == []
    for subject, spent in ((owner, "8.4"), (team, "9.5"), (outsider, "7.9"), (lived_in.spec, "3")):
        limit = set_limits(subject, month_budget=Decimal(10))
        Limit.objects.filter(pk=limit.pk).update(month_spent=Decimal(spent))
    response = admin_client.get(reverse("admin:index"))
    assert [(each.whose, each.amounts, each.percent) for each in response.context["budgets"]] == [
        ("<b>Sales</b>", "$9.50 of $10.00 this month", 95),
        (owner.email, "$8.40 of $10.00 this month", 84),
    ]
    assert "<b>Sales" not in response.content.decode()
    assert len(queries(admin_client, reverse("admin:index"))) == few
    staff = signed_in(make_person("staff@example.test", is_staff=True))
    assert "Sales" not in staff.get(reverse("admin:index")).content.decode()


@pytest.mark.parametrize("embedded", [True, False])
def test_the_overview_leads_to_a_first_provider(admin_client, lived_in, embedded):
    Provider.objects.update(is_embedded=embedded)
    html = admin_client.get(reverse("admin:index")).content.decode()
    assert ("Connect a provider" in html) == embedded
    staff = signed_in(make_person("staff@example.test", is_staff=True))
    assert "Connect a provider" not in staff.get(reverse("admin:index")).content.decode()


@pytest.mark.parametrize("name", ["usage_usagerecord", "usage_account", "runs_run"])
def test_a_list_that_nobody_counts_tells_of_no_number(admin_client, lived_in, name):
    url = reverse(f"admin:{name}_changelist")
    for query in ("", "?q=nobody@"):
        html = admin_client.get(url + query).content.decode()
        assert "10000" not in html
        assert "Show all" not in html
    assert "No results found" in html
    assert "Reset filters" in html


def test_an_empty_list_offers_only_what_helps(admin_client):
    ledger = admin_client.get(reverse("admin:usage_usagerecord_changelist")).content.decode()
    assert "Nothing here yet" in ledger
    assert "Reset filters" not in ledger
    assert (
        "Add team" in admin_client.get(reverse("admin:accounts_team_changelist")).content.decode()
    )


def test_the_way_to_a_page_keeps_the_letters_of_its_name(admin_client, owner):
    page = reverse("admin:accounts_user_change", args=[owner.pk])
    html = admin_client.get(page).content.decode()
    assert owner.email in html
    assert owner.email.capitalize() not in html


def test_an_empty_house_has_an_overview_too(admin_client):
    assert [each.value for each in admin_client.get("/admin/").context["figures"]] == [
        "1", "0", "0", "0"
    ]  # fmt: skip
