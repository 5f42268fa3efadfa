"""Sending, stopping, writing anew: through htmx and as plain forms; and what must be refused."""

import uuid
from types import SimpleNamespace

import pytest
from django.urls import reverse

from chat import actions
from chat.models import Conversation, Draft, Message
from runs.models import Run
from runs.states import State

HTMX = {"HX-Request": "true"}
# Session and person; the model asked for; of the transaction its two ends, drafts twice, account,
# limits, conversation, question, Run, answer, the conversation's head; the models to choose from,
# limits.
QUERIES_OF_A_START = 16


def send(client, conversation, text="And squares?", headers=None, **data):
    url = reverse("chat:message-send", args=[conversation.pk])
    data = {"text": text, "client_id": str(uuid.uuid4()), **data}
    return client.post(url, data, headers=headers)


def start(client, text="Hello", headers=None, **data):
    data = {"text": text, "client_id": str(uuid.uuid4()), **data}
    return client.post(reverse("chat:conversation-start"), data, headers=headers)


def test_a_start_leads_to_the_new_conversation(owner_client, owner, model):
    response = start(owner_client)
    conversation = Conversation.objects.get(owner=owner)
    assert response.status_code == 302
    assert response["Location"] == f"/c/{conversation.pk}/#latest"
    assert Run.objects.get().model == model


def test_a_start_by_htmx_brings_the_conversation_and_its_address(owner_client, owner, model):
    response = start(owner_client, headers=HTMX)
    conversation = Conversation.objects.get(owner=owner)
    html = response.content.decode()
    assert response["HX-Push-Url"] == f"/c/{conversation.pk}/"
    assert f"/ws/conversations/{conversation.pk}/?since=" in html
    assert html.count("<article") == 2
    assert "<title>Hello · Causerie</title>" in html
    assert "<html" not in html


def test_a_start_costs_the_same_however_long_the_list_is(
    owner_client, owner, model, django_assert_num_queries
):
    start(owner_client, headers=HTMX)  # the account is made
    for count in (0, 40):
        for _ in range(count):
            Conversation.objects.create(owner=owner, title="Older", model=model)
        with django_assert_num_queries(QUERIES_OF_A_START):
            html = start(owner_client, headers=HTMX).content.decode()
        assert html.count('class="conversation-row"') == 1, "the new one alone"


def test_a_start_that_is_sent_again_shows_its_answer(owner_client, owner, model, ended):
    client_id = str(uuid.uuid4())
    start(owner_client, client_id=client_id)
    answer = Message.objects.select_related("run").get(role=Message.Role.ASSISTANT)
    ended(SimpleNamespace(answer=answer), "Because.")
    html = start(owner_client, headers=HTMX, client_id=client_id).content.decode()
    assert "Because." in html
    assert html.count("<article") == 2
    assert Conversation.objects.count() == 1


def test_a_message_brings_both_bubbles(owner_client, conversation):
    response = send(owner_client, conversation, headers=HTMX)
    html = response.content.decode()
    assert html.count("<article") == 2
    assert "And squares?" in html
    assert 'aria-busy="true"' in html
    assert "csrfmiddlewaretoken" not in html


def test_a_message_without_scripts_leads_back(owner_client, conversation):
    response = send(owner_client, conversation)
    assert response["Location"] == f"/c/{conversation.pk}/#latest"
    assert conversation.messages.filter(text="And squares?").count() == 1


@pytest.mark.parametrize("headers", [None, HTMX])
def test_a_repeated_post_makes_one_message(owner_client, conversation, headers):
    client_id = str(uuid.uuid4())
    for _ in range(3):
        response = send(owner_client, conversation, client_id=client_id, headers=headers)
        assert response.status_code < 400
    assert conversation.messages.count() == 4
    assert Run.objects.count() == 2


def test_the_chosen_model_answers_and_is_kept(owner_client, conversation, other_model):
    send(owner_client, conversation, model=other_model.pk)
    conversation.refresh_from_db()
    assert conversation.model == other_model
    send(owner_client, conversation)
    assert Run.objects.order_by("-created_at").first().model == other_model


def test_sending_forgets_the_draft(owner_client, owner, conversation):
    url = reverse("chat:draft-save", args=[conversation.pk])
    assert owner_client.post(url, {"text": "half"}).status_code == 204
    assert Draft.objects.get(owner=owner).text == "half"
    send(owner_client, conversation)
    assert not Draft.objects.exists()


def test_a_draft_of_nothing_is_forgotten(owner_client, owner):
    for text in ("half", "", None):
        data = {} if text is None else {"text": text}
        assert owner_client.post(reverse("chat:new-draft-save"), data).status_code == 204
        assert Draft.objects.filter(owner=owner).count() == bool(text)


def test_drafts_survive_what_a_database_cannot_hold(owner_client, owner):
    owner_client.post(reverse("chat:new-draft-save"), {"text": "a\x00b"})
    assert Draft.objects.get(owner=owner).text == "ab"
    raw = b"text=a%ED%A0%80b"
    kind = "application/x-www-form-urlencoded"
    response = owner_client.post(reverse("chat:new-draft-save"), raw, content_type=kind)
    assert response.status_code == 204


@pytest.mark.parametrize("headers", [None, HTMX])
def test_a_conversation_deleted_meanwhile_is_not_found(
    owner_client, conversation, exchange, ended, monkeypatch, headers
):
    answer = ended(exchange, "Half", State.INTERRUPTED)

    def deleted(*_: object) -> None:
        raise Conversation.DoesNotExist

    monkeypatch.setattr("chat.actions._locked", deleted)
    assert send(owner_client, conversation, headers=headers).status_code == 404
    for name in ("message-regenerate", "message-continue", "branch-switch"):
        url = reverse(f"chat:{name}", args=[answer.pk])
        response = owner_client.post(url, {"client_id": str(uuid.uuid4())}, headers=headers)
        assert response.status_code == 404


UNUSABLE = ["", "   ", " \n\t ", "\u3000", "a\x00b", "x" * (actions.LONGEST_MESSAGE + 1)]


@pytest.mark.parametrize("text", UNUSABLE)
def test_unusable_text_is_refused_in_place(owner_client, conversation, text):
    before = Message.objects.count()
    response = send(owner_client, conversation, text, headers=HTMX)
    assert response.status_code == 422
    assert response["HX-Retarget"] in ("#composer-error", "[data-refusal]")
    assert len(response.content) < 300
    assert Message.objects.count() == before


@pytest.mark.parametrize("text", UNUSABLE)
def test_unusable_text_is_refused_on_the_page_and_kept(owner_client, conversation, text):
    response = send(owner_client, conversation, text)
    html = response.content.decode()
    assert response.status_code == 422
    error = html[html.index('id="composer-error"') :].split("</div>")[0].split(">")[1]
    assert error.strip()
    if "x" in text:
        assert text in html


@pytest.mark.parametrize("text", UNUSABLE)
def test_unusable_text_starts_nothing(owner_client, owner, model, text):
    assert start(owner_client, text).status_code == 422
    assert start(owner_client, text, headers=HTMX).status_code == 422
    assert not Conversation.objects.exists()


def test_lone_surrogates_do_no_harm(owner_client, conversation):
    url = reverse("chat:message-send", args=[conversation.pk])
    raw = f"text=a%ED%A0%80b&client_id={uuid.uuid4()}".encode()
    kind = "application/x-www-form-urlencoded"
    assert owner_client.post(url, raw, content_type=kind).status_code in (302, 422)


@pytest.mark.parametrize("headers", [None, HTMX])
def test_a_body_too_large_to_read_is_said_to_be_so(owner_client, conversation, headers):
    response = send(owner_client, conversation, "x" * (6 * 2**20), headers=headers)
    assert response.status_code == 413
    assert "too large" in response.content.decode()
    assert conversation.messages.count() == 2


@pytest.mark.parametrize("client_id", ["", "null", "1", "x" * 200])
def test_a_request_without_a_usable_id_is_refused(owner_client, conversation, client_id):
    response = send(owner_client, conversation, client_id=client_id, headers=HTMX)
    assert response.status_code == 422
    assert conversation.messages.count() == 2


@pytest.mark.parametrize("choice", ["null", "1", str(uuid.UUID(int=1))])
def test_a_model_that_is_not_there_is_refused(owner_client, conversation, choice):
    response = send(owner_client, conversation, model=choice, headers=HTMX)
    assert response.status_code == 422
    assert "Choose another" in response.content.decode()


def test_a_model_that_is_off_is_refused(owner_client, conversation, other_model):
    other_model.is_enabled = False
    other_model.save()
    assert send(owner_client, conversation, model=other_model.pk, headers=HTMX).status_code == 422


def test_without_any_model_nothing_is_sent(owner_client, conversation, model):
    type(model).objects.update(is_default=False, is_enabled=False)
    response = send(owner_client, conversation, headers=HTMX)
    assert response.status_code == 422
    assert "no model" in response.content.decode()


@pytest.mark.parametrize("headers", [None, HTMX])
def test_stopping_a_waiting_answer_ends_it(owner_client, exchange, headers):
    url = reverse("chat:message-stop", args=[exchange.answer.pk])
    assert owner_client.post(url, headers=headers).status_code == (204 if headers else 302)
    exchange.answer.run.refresh_from_db()
    assert exchange.answer.run.state == "stopped"
    assert owner_client.post(url, headers=headers).status_code == (204 if headers else 302)


def act(client, name, message, headers=None, **data):
    data = {"client_id": str(uuid.uuid4()), **data}
    return client.post(reverse(f"chat:{name}", args=[message.pk]), data, headers=headers)


def test_regenerating_adds_a_version(owner_client, exchange, ended):
    answer = ended(exchange)
    response = act(owner_client, "message-regenerate", answer, HTMX)
    assert response.status_code == 200
    assert response.content.count(b"<article") == 1
    assert exchange.question.children.count() == 2
    assert act(owner_client, "message-regenerate", answer).status_code == 302
    assert exchange.question.children.count() == 3


def test_regenerating_twice_with_one_id_is_once(owner_client, exchange, ended):
    answer = ended(exchange)
    client_id = str(uuid.uuid4())
    for _ in range(2):
        act(owner_client, "message-regenerate", answer, HTMX, client_id=client_id)
    assert exchange.question.children.count() == 2


def test_regenerating_takes_the_model_in_the_picker(owner_client, exchange, ended, other_model):
    answer = ended(exchange)
    act(owner_client, "message-regenerate", answer, HTMX, model=other_model.pk)
    assert Run.objects.order_by("-created_at").first().model == other_model


def test_a_question_cannot_be_regenerated(owner_client, exchange):
    response = act(owner_client, "message-regenerate", exchange.question, HTMX)
    assert response.status_code == 422
    assert act(owner_client, "message-regenerate", exchange.question).status_code == 422


def test_an_interrupted_answer_goes_on(owner_client, exchange, ended):
    answer = ended(exchange, "Half", State.INTERRUPTED)
    response = act(owner_client, "message-continue", answer, HTMX)
    assert response.status_code == 200
    assert "data-live" in response.content.decode()
    assert exchange.question.children.count() == 1


def test_a_whole_answer_does_not_go_on(owner_client, exchange, ended):
    answer = ended(exchange)
    assert act(owner_client, "message-continue", answer, HTMX).status_code == 422
    assert act(owner_client, "message-continue", answer).status_code == 422


@pytest.mark.parametrize("name", ["message-regenerate", "message-continue"])
def test_writing_anew_needs_an_id(owner_client, exchange, ended, name):
    answer = ended(exchange, "Half", State.STOPPED)
    assert act(owner_client, name, answer, HTMX, client_id="").status_code == 422
    assert Run.objects.count() == 1
