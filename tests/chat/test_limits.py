"""Posts that a limit would let wait in vain are refused at the door, with nothing written."""

import uuid
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Team
from chat import actions
from chat.models import Conversation, Draft, Message
from providers.errors import BudgetSpent, LimitReached
from providers.models import Route
from runs.models import Run
from runs.states import State
from usage.limits import set_limits
from usage.models import Account, Limit

HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _prices(model):
    model.input_price = model.output_price = Decimal(1)
    model.save()


@pytest.fixture
def answer(exchange, ended) -> Message:
    """One that is unfinished: it can be continued and written again."""
    return ended(exchange, "Half", State.STOPPED)


@pytest.fixture(params=["person", "team", "model"])
def subject(request, owner, model):
    if request.param == "team":
        team = Team.objects.create(name="<b>Sales</b>")
        team.members.add(owner)
        return team
    return owner if request.param == "person" else model


@pytest.fixture(params=["conversation-start", "message-send", "message-regenerate",
                        "message-continue"])  # fmt: skip
def post(request, owner_client, answer):
    """Post to one of the addresses that ask a model."""
    args = {
        "conversation-start": [],
        "message-send": [answer.conversation_id],
    }.get(request.param, [answer.pk])
    url = reverse(f"chat:{request.param}", args=args)

    def send(headers=None, client=owner_client, **data):
        data = {"text": "Kept & whole", "client_id": str(uuid.uuid4()), **data}
        return client.post(url, data, headers=headers)

    return send


def spend(subject, spent="1", **budgets) -> Limit:
    limit = set_limits(subject, **(budgets or {"month_budget": Decimal(1)}))
    amount = Decimal(spent)
    Limit.objects.filter(pk=limit.pk).update(
        day_spent=amount, month_spent=amount, total_spent=amount
    )
    return limit


def rows() -> tuple[int, ...]:
    return tuple(m.objects.count() for m in (Conversation, Message, Run, Draft, Account))


def test_a_spent_budget_is_said_in_the_composer(post, subject):
    spend(subject)
    before = rows()
    response = post(HTMX)
    assert response.status_code == 429
    assert response["HX-Retarget"] == "#composer-error"
    assert response["HX-Reswap"] == "innerHTML"
    assert 0 < int(response["Retry-After"]) <= 31 * 86_400
    html = response.content.decode()
    assert "is used up. It starts anew on" in html
    assert "<b>" not in html
    if isinstance(subject, Team):
        assert "&lt;b&gt;Sales" in html
    assert rows() == before


def test_a_spent_budget_is_said_on_the_page_without_scripts(post, subject):
    spend(subject)
    before = rows()
    response = post()
    assert response.status_code == 429
    assert "Retry-After" in response
    html = response.content.decode()
    said = html[html.index('id="composer-error"') :].split("</div>")[0]
    assert "is used up. It starts anew on" in said
    assert "<b>Sales" not in html
    if not response.resolver_match.route.startswith("m/"):  # these pages do not send the composer's
        assert "Kept &amp; whole</textarea>" in html
    assert rows() == before


def test_a_total_that_is_spent_never_starts_anew(post, owner):
    spend(owner, total_budget=Decimal(1))
    response = post(HTMX)
    assert response.status_code == 429
    assert "Retry-After" not in response
    assert response.content.decode() == "The budget of your account is used up."


def test_a_model_without_a_price_is_refused(post, owner, model):
    set_limits(owner, day_budget=Decimal(1))
    type(model).objects.update(output_price=None)
    response = post(HTMX)
    assert response.status_code == 429
    assert "price of this model is not known" in response.content.decode()


def test_the_headers_say_how_the_limits_of_a_minute_stand(post, owner):
    spend(owner, month_budget=Decimal(1), requests_per_minute=60, tokens_per_minute=10_000)
    response = post(HTMX)
    named = {name: response[f"x-ratelimit-{name}"] for name in (
        "limit-requests", "remaining-requests", "reset-requests",
        "limit-tokens", "remaining-tokens", "reset-tokens",
    )}  # fmt: skip
    assert named == {
        "limit-requests": "60", "remaining-requests": "60", "reset-requests": "0s",
        "limit-tokens": "10000", "remaining-tokens": "10000", "reset-tokens": "0s",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["requests_per_minute", "max_streams"])
def test_what_is_never_allowed_is_not_waited_for(post, owner, name):
    set_limits(owner, **{name: 0})
    response = post(HTMX)
    assert response.status_code == 429
    assert "Retry-After" not in response


@pytest.mark.parametrize("name", ["requests_per_minute", "max_streams"])
def test_what_a_moment_will_allow_is_queued(post, owner, name):
    limit = set_limits(owner, **{name: 1})
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE usage_limit SET open_calls = 1, requests = '{1}', tokens = '{1}',"
            " seconds = ARRAY[extract(epoch FROM statement_timestamp())::bigint] WHERE id = %s",
            [limit.pk],
        )
    before = Run.objects.count()
    assert post(HTMX).status_code == 200
    assert Run.objects.count() == before + 1


def test_what_is_held_by_answers_that_are_written_is_waited_for(post, owner):
    set_limits(owner, month_budget=Decimal(1))
    Limit.objects.update(held=Decimal(1))
    assert post(HTMX).status_code == 200


def test_a_free_model_is_asked_although_the_budget_is_spent(post, owner, model):
    type(model).objects.update(input_price=0, output_price=0)
    spend(owner)
    assert post(HTMX).status_code == 200


def test_a_stand_in_that_the_budget_pays_for_is_not_refused(post, owner, model, other_model):
    type(model).objects.filter(pk=other_model.pk).update(input_price=0, output_price=0)
    Route.objects.create(model=model, to=other_model)
    spend(owner)
    assert post(HTMX).status_code == 200


def test_budgets_of_others_refuse_nobody(post, outsider, other_model):
    team = Team.objects.create(name="Theirs")
    team.members.add(outsider)
    for subject in (outsider, team, other_model):
        spend(subject)
    assert post(HTMX).status_code == 200


def test_an_accepted_post_that_is_repeated_finds_what_it_made(post, subject):
    client_id = str(uuid.uuid4())
    assert post(HTMX, client_id=client_id).status_code == 200
    before = rows()
    spend(subject)
    again = post(HTMX, client_id=client_id)
    assert again.status_code == 200
    assert "<article" in again.content.decode()
    assert post(client_id=client_id).status_code == 302
    assert rows() == before


def test_the_id_of_another_request_does_not_pass_for_done(owner, owner_client, conversation, model):
    url = reverse("chat:message-send", args=[conversation.pk])
    data = {"client_id": str(uuid.uuid4())}
    assert owner_client.post(url, {**data, "text": "One"}, headers=HTMX).status_code == 200
    spend(owner)
    assert owner_client.post(url, {**data, "text": "Two"}, headers=HTMX).status_code == 422


def test_a_refused_id_is_good_once_there_is_money_again(post, owner):
    limit = spend(owner)
    client_id = str(uuid.uuid4())
    assert post(HTMX, client_id=client_id).status_code == 429
    Limit.objects.filter(pk=limit.pk).update(month_spent=0)
    assert post(HTMX, client_id=client_id).status_code == 200


@pytest.mark.parametrize("bad", [{"client_id": "x"}, {"model": "null"}])
def test_bad_input_is_bad_input_with_a_spent_budget_too(post, owner, bad):
    spend(owner)
    assert post(HTMX, **bad).status_code == 422
    assert post(**bad).status_code == 422


def test_who_may_not_post_learns_nothing_of_budgets(post, owner, outsider_client, client):
    spend(owner)
    assert post(client=outsider_client).status_code in (302, 404)  # a chat of their own, or none
    assert post(client=client).status_code == 401
    assert post(HTMX, client=client).status_code == 401


def test_a_refusal_keeps_the_draft(owner, owner_client, model):
    actions.save_draft(owner, None, "half a thought")
    spend(owner)
    with pytest.raises(BudgetSpent):
        actions.start_conversation(owner, "Hello", model, uuid.uuid4())
    assert Draft.objects.get().text == "half a thought"


def test_a_first_question_that_is_refused_makes_no_account(owner, model):
    spend(owner)
    with pytest.raises(LimitReached):
        actions.start_conversation(owner, "Hello", model, uuid.uuid4())
    assert not Account.objects.exists()


def test_limits_cost_a_post_one_query_and_no_lock(owner, owner_client, conversation):
    url = reverse("chat:message-send", args=[conversation.pk])

    def cost(status) -> int:
        with CaptureQueriesContext(connection) as captured:
            data = {"text": "And then?", "client_id": str(uuid.uuid4())}
            assert owner_client.post(url, data, headers=HTMX).status_code == status
        sql = [each["sql"] for each in captured.captured_queries]
        assert not [each for each in sql if "usage_usagerecord" in each], "the ledger is not read"
        assert not [each for each in sql if "usage_limit" in each and "FOR " in each.upper()]
        return len([each for each in sql if "usage_limit" in each])

    assert cost(200) == 1
    limit = set_limits(owner, month_budget=Decimal(1))
    assert cost(200) == 1
    Limit.objects.filter(pk=limit.pk).update(month_spent=1)
    assert cost(429) == 1


# What is said before anything is sent


@pytest.fixture(params=["home", "conversation"])
def page(request, owner_client, conversation):
    url = reverse("chat:conversation-view", args=[conversation.pk])

    def html() -> str:
        return owner_client.get(url if request.param == "conversation" else "/").content.decode()

    return html


def test_the_composer_says_that_a_budget_nears_its_end(page, owner):
    assert "composer-note" not in page()
    spend(owner, "0.84")
    html = page()
    assert "You have used 84 % of this month&#x27;s budget." in html
    assert 'aria-describedby="composer-error composer-note composer-hint"' in html
    assert "composer-note--refusal" not in html


def test_the_composer_says_that_a_budget_is_used_up(page, subject):
    spend(subject)
    html = page()
    note = html[html.index('id="composer-note"') :].split("</p>")[0]
    assert "composer-note--refusal" in note
    assert "is used up. It starts anew on" in note
    assert "<b>Sales" not in html


def test_a_note_costs_no_more_queries_than_there_being_none(
    page, owner, django_assert_max_num_queries
):
    with CaptureQueriesContext(connection) as without:
        page()
    spend(owner, "0.9")
    with django_assert_max_num_queries(len(without)):
        assert "90 %" in page()


def test_a_started_conversation_has_the_note_too(owner, owner_client, model):
    spend(owner, "0.9")
    data = {"text": "Hello", "client_id": str(uuid.uuid4())}
    html = owner_client.post(reverse("chat:conversation-start"), data, headers=HTMX).content
    assert b"You have used 90 %" in html
