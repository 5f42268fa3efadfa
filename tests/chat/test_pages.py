"""What the chat's pages show, and how many queries that takes."""

import datetime as dt
import uuid

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from chat import actions
from chat.consumers import ConversationConsumer
from chat.models import Conversation, Message
from runs.models import Run
from runs.states import State

HTMX = {"HX-Request": "true"}


def page(client, conversation, **query):
    response = client.get(reverse("chat:conversation-view", args=[conversation.pk]), query)
    assert response.status_code == 200
    return response.content.decode()


def test_a_new_chat_offers_models_and_the_draft(owner_client, owner, model, other_model):
    actions.save_draft(owner, None, "half a thought")
    html = owner_client.get("/").content.decode()
    assert "half a thought</textarea>" in html
    assert html.index("Model M") < html.index("Model N")


def test_without_a_model_the_page_says_so(owner_client, admin_client):
    assert "ask your administrator" in owner_client.get("/").content.decode()
    assert "Connect a model" in admin_client.get("/").content.decode()


def test_the_embedded_model_is_called_small(owner_client, admin_client, model):
    model.provider.is_embedded = True
    model.provider.save()
    assert "English only" in owner_client.get("/").content.decode()
    assert "Connect a better model" not in owner_client.get("/").content.decode()
    assert "Connect a better model" in admin_client.get("/").content.decode()


def test_a_suggestion_fills_the_composer(owner_client, model):
    assert "Draft it</textarea>" in owner_client.get("/", {"text": "Draft it"}).content.decode()


def test_an_error_in_between_takes_no_message_away(owner_client, conversation):
    address = reverse("chat:conversation-view", args=[conversation.pk])
    owner_client.post(reverse("chat:conversation-delete", args=[conversation.pk]))
    missing = owner_client.get(address)
    assert missing.status_code == 404
    assert "was deleted." not in missing.content.decode()
    assert "The conversation was deleted." in owner_client.get("/").content.decode()


def test_messages_stand_in_order(owner_client, conversation, exchange, ended):
    ended(exchange, "Because of drops.")
    html = page(owner_client, conversation)
    assert html.index("Why are rainbows round?</div>") < html.index("Because of drops.")
    assert f'id="message-{exchange.answer.pk}"' in html


@pytest.mark.parametrize(
    ("state", "text", "shown", "hidden"),
    [
        (State.DONE, "Whole.", ["Regenerate"], ["Continue", "Retry", "data-live"]),
        (State.STOPPED, "Half", ["You stopped", "Continue", "Regenerate"], ["Retry", "data-live"]),
        (State.INTERRUPTED, "Half", ["broke off", "Continue", "Retry"], ["data-live"]),
        (State.FAILED, "", ["broke off", "Retry"], ["Continue", "data-live"]),
    ],
)
def test_each_end_offers_what_can_follow(
    owner_client, conversation, exchange, ended, state, text, shown, hidden
):
    ended(exchange, text, state)
    html = page(owner_client, conversation)
    article = html[html.index(f'id="message-{exchange.answer.pk}"') :]
    article = article[: article.index("</article>")]
    assert [word for word in shown if word not in article] == []
    assert [word for word in hidden if word in article] == []


def test_a_waiting_answer_shows_its_place(owner_client, owner, conversation, model):
    later = actions.start_conversation(owner, "Second", model, uuid.uuid4())
    assert "in line" not in page(owner_client, later.conversation)  # most wait for no time at all
    Run.objects.update(created_at=F("created_at") - dt.timedelta(seconds=2))
    assert "number 2 in line" in page(owner_client, later.conversation)
    assert "Waiting for the model" in page(owner_client, conversation)


def test_what_people_and_models_write_stays_text(owner_client, owner, model, ended):
    evil = "<img src=x onerror=alert(1)><b hx-get=/evil>"
    exchange = actions.start_conversation(owner, evil, model, uuid.uuid4())
    ended(exchange, evil)
    actions.rename_conversation(exchange.conversation, evil)
    html = page(owner_client, exchange.conversation)
    assert "<img" not in html
    assert "<b hx-get" not in html


def test_a_long_conversation_shows_its_newest_page(owner_client, conversation, grown):
    grown(100)
    html = page(owner_client, conversation)
    assert ">n99</p>" in html.replace("\n", "")
    assert "n59</" not in html
    assert "Show earlier messages" in html


def test_older_pages_lead_to_the_first_message(owner_client, conversation, grown):
    grown(100)
    messages = Message.objects.path_to(conversation.head_id)
    seen = [message.pk for message in messages]
    while True:
        url = reverse("chat:message-older", args=[conversation.pk])
        response = owner_client.get(url, {"before": messages[0].pk}, headers=HTMX)
        messages = Message.objects.page_before(messages[0])
        html = response.content.decode()
        assert [html.count(f'id="message-{m.pk}"') for m in messages] == [1] * len(messages)
        seen = [message.pk for message in messages] + seen
        if "data-older" not in html:
            break
    assert len(seen) == len(set(seen)) == 102
    assert seen[0] == conversation.messages.get(parent=None).pk


def test_older_messages_are_a_page_of_their_own_without_scripts(owner_client, conversation, grown):
    grown(100)
    first = Message.objects.path_to(conversation.head_id)[0]
    html = page(owner_client, conversation, before=first.pk)
    assert "n59</" in html
    assert "n99</" not in html


def test_the_edge_of_what_the_model_sees_is_marked(owner_client, conversation, exchange, ended):
    answer = ended(exchange)
    Message.objects.filter(pk=answer.pk).update(sees_from=exchange.question)
    html = page(owner_client, conversation)
    assert html.count("The model no longer sees") == 1
    assert html.index("The model no longer sees") < html.index("Why are rainbows round?</div>")


def test_versions_can_be_walked(owner_client, conversation, exchange, model, ended):
    first = ended(exchange, "One.")
    second = actions.regenerate(first, model, uuid.uuid4())
    ended(second, "Two.")
    html = page(owner_client, conversation)
    assert "2/2" in html
    assert "One." not in html
    owner_client.post(reverse("chat:branch-switch", args=[first.pk]))
    html = page(owner_client, conversation)
    assert "1/2" in html
    assert "One." in html
    assert "Two." not in html


def test_the_sidebar_groups_by_day_and_pages(owner_client, owner):
    now = timezone.now()
    ages = [0, 1, *range(2, 40)]
    for number, age in enumerate(ages):
        Conversation.objects.create(
            owner=owner, title=f"talk-{number}.", updated_at=now - dt.timedelta(days=age)
        )
    html = owner_client.get("/").content.decode()
    assert [html.count(f"<h2>{day}</h2>") for day in ("Today", "Yesterday", "Earlier")] == [1, 1, 1]
    assert 'dir="auto">talk-29.<' in html
    assert 'dir="auto">talk-30.<' not in html
    more = html.split('hx-get="')[-1]
    next_url = next(u for u in html.split('hx-get="') if u.startswith("/c/?after=")).split('"')[0]
    rest = owner_client.get(next_url, headers=HTMX).content.decode()
    assert [f'dir="auto">talk-{n}.<' in rest for n in (29, 30, 39)] == [False, True, True]
    assert "<h2>Earlier</h2>" not in rest
    assert "<html" not in rest
    assert "<html" in owner_client.get(next_url).content.decode()
    assert more


def test_nobody_sees_others_in_their_sidebar(outsider_client, conversation):
    assert "rainbows are round?" not in outsider_client.get("/c/").content.decode()


def test_the_open_conversation_is_marked(owner_client, owner, conversation, model):
    other = actions.start_conversation(owner, "Another", model, uuid.uuid4()).conversation
    html = page(owner_client, conversation)
    link = reverse("chat:conversation-view", args=[conversation.pk])
    assert f'href="{link}" aria-current="page"' in html
    assert f'{other.pk}/" aria-current' not in html


def test_a_new_chat_takes_few_queries(owner_client, owner, conversation, django_assert_num_queries):
    for number in range(20):
        Conversation.objects.create(owner=owner, title=f"talk {number}")
    with django_assert_num_queries(6):  # session, person, conversations, models, draft, limits
        owner_client.get("/")


@pytest.mark.parametrize("messages", [0, 38, 1998])
def test_a_conversation_takes_the_same_queries_whatever_its_length(
    owner_client, conversation, exchange, ended, grown, messages, django_assert_num_queries
):
    ended(exchange)
    grown(messages)
    # session, person, conversation, path, messages, versions, conversations, models, draft, limits
    with django_assert_num_queries(10):
        page(owner_client, conversation)


def cost(call) -> int:
    with CaptureQueriesContext(connection) as captured:
        call()
    return len(captured)


def test_posting_and_reading_along_cost_the_same_whatever_the_length(
    owner_client, owner, conversation, exchange, ended, grown
):
    ended(exchange)
    session = owner_client.cookies["sessionid"].value
    scope = {
        "cookies": {"sessionid": session},
        "headers": [],
        "query_string": b"",
        "url_route": {"kwargs": {"conversation_id": conversation.pk}},
    }
    url = reverse("chat:message-send", args=[conversation.pk])
    costs = []
    for messages in (38, 1960):
        grown(messages)
        form = {"text": "And then?", "client_id": str(uuid.uuid4())}
        posted = cost(lambda form=form: owner_client.post(url, form, headers=HTMX))
        run = Run.objects.latest("created_at")
        socket = async_to_sync(a_socket)(scope)
        opened = cost(socket._first_look)
        shown = cost(lambda socket=socket, run=run: socket.shown(socket.find(run.pk), "<p>And</p>"))
        costs.append((posted, opened, shown))
    assert costs[0] == costs[1]
    assert Message.objects.count() > 2000


async def a_socket(scope) -> ConversationConsumer:
    return ConversationConsumer(scope, send=lambda message: None)
