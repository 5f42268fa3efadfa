"""Which models a person is offered, and that no request reaches another."""

import uuid

import pytest
from django.urls import reverse

from accounts.actions import save_team
from accounts.models import Team
from chat.models import Conversation, Message
from providers.models import ModelSpec
from runs.forms import NOT_ASKABLE
from runs.models import Run


@pytest.fixture
def team(owner, model, other_model) -> Team:
    """The owner's team, which alone may use the second model."""
    team = Team(name="Writers")
    save_team(team, [owner])
    other_model.teams.add(team)
    return team


def offered(client) -> list[str]:
    return [each.name for each in client.get(reverse("chat:home")).context["composer"].models]


def ask(client, model: ModelSpec, conversation: Conversation | None = None):
    where = ("chat:message-send", [conversation.pk]) if conversation else None
    url = reverse(where[0], args=where[1]) if where else reverse("chat:conversation-start")
    return client.post(url, {"text": "Why?", "client_id": uuid.uuid4(), "model": model.pk})


def refused(response) -> bool:
    return response.status_code == 422 and str(NOT_ASKABLE) in response.content.decode()


def test_a_member_is_offered_the_teams_models_and_others_are_not(
    owner_client, outsider_client, team
):
    assert offered(owner_client) == ["m", "n"]
    assert offered(outsider_client) == ["m"]


def test_a_forged_choice_of_a_teams_model_is_refused(outsider_client, team, other_model):
    assert refused(ask(outsider_client, other_model))
    assert not Run.objects.exists()
    assert not Message.objects.exists()


def test_who_leaves_the_team_cannot_ask_from_the_next_request_on(
    owner_client, team, other_model, ended
):
    assert ask(owner_client, other_model).status_code in (200, 302)
    conversation = Conversation.objects.get()
    answers = Message.objects.filter(role=Message.Role.ASSISTANT)
    Run.objects.update(state="stopped", finished_at=conversation.created_at)
    before = Run.objects.count()
    save_team(team, [])
    assert offered(owner_client) == ["m"]
    assert refused(ask(owner_client, other_model, conversation))
    again = reverse("chat:message-regenerate", args=[answers.get().pk])
    owner_client.post(again, {"client_id": uuid.uuid4(), "model": other_model.pk})
    assert Run.objects.filter(model=other_model).count() == before
    save_team(team, [conversation.owner])
    assert ask(owner_client, other_model, conversation).status_code in (200, 302)


def test_a_person_of_two_teams_needs_one_and_is_offered_it_once(owner_client, owner, team):
    second = Team(name="Also")
    save_team(second, [owner])
    ModelSpec.objects.get(name="n").teams.add(second)
    assert offered(owner_client) == ["m", "n"]


@pytest.mark.parametrize(
    "unfit", [{"abilities": ["embeddings"]}, {"abilities": []}, {"is_listed": False}]
)
def test_what_cannot_chat_is_neither_offered_nor_asked(owner_client, model, other_model, unfit):
    ModelSpec.objects.filter(pk=other_model.pk).update(**unfit)
    assert offered(owner_client) == ["m"]
    assert refused(ask(owner_client, other_model))
    assert not Run.objects.exists()
