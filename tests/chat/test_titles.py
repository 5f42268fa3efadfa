"""Renaming and deleting: in the sidebar by htmx, on pages of their own without scripts."""

import uuid

import pytest
from django.urls import reverse

from chat.models import TITLE_LENGTH, Conversation, Message
from chat.tasks import title_of

HTMX = {"HX-Request": "true"}


def url(name, conversation):
    return reverse(f"chat:conversation-{name}", args=[conversation.pk])


def open_page(conversation):
    return {**HTMX, "HX-Current-URL": f"http://testserver/c/{conversation.pk}/"}


def test_a_row_turns_into_a_field_and_back(owner_client, conversation):
    field = owner_client.get(url("rename", conversation), headers=HTMX).content.decode()
    assert 'value="Why are rainbows round?"' in field
    row = owner_client.get(url("item", conversation), headers=HTMX).content.decode()
    assert f'<li id="conversation-{conversation.pk}"' in row
    assert "<input" not in row


def test_renaming_shows_the_new_row(owner_client, conversation):
    response = owner_client.post(
        url("rename", conversation), {"title": " New  name "}, headers=HTMX
    )
    html = response.content.decode()
    assert ">New name</span>" in html
    assert "hx-swap-oob" not in html
    conversation.refresh_from_db()
    assert conversation.titled_by == "person"


def test_renaming_the_open_conversation_renames_its_page(owner_client, conversation):
    response = owner_client.post(
        url("rename", conversation), {"title": "New name"}, headers=open_page(conversation)
    )
    assert "<title>New name · Causerie</title>" in response.content.decode()


def test_renaming_without_scripts_leads_back(owner_client, conversation):
    response = owner_client.post(url("rename", conversation), {"title": "New name"})
    assert response["Location"] == f"/c/{conversation.pk}/#latest"


@pytest.mark.parametrize("title", ["", "  ", "\u3000", "x\x00", "x" * (TITLE_LENGTH + 1), None])
@pytest.mark.parametrize("headers", [None, HTMX])
def test_unusable_titles_are_refused_in_place(owner_client, conversation, title, headers):
    data = {} if title is None else {"title": title}
    response = owner_client.post(url("rename", conversation), data, headers=headers)
    assert response.status_code == 422
    assert "error" in response.content.decode()
    conversation.refresh_from_db()
    assert conversation.title == "Why are rainbows round?"


def test_deleting_asks_first(owner_client, conversation):
    assert "<dialog" in owner_client.get(url("delete", conversation), headers=HTMX).content.decode()
    assert "<html" in owner_client.get(url("delete", conversation)).content.decode()
    assert Conversation.objects.exists()


def test_deleting_takes_the_messages_along(owner_client, conversation):
    response = owner_client.post(url("delete", conversation))
    assert response["Location"] == "/"
    assert not Conversation.objects.exists()
    assert not Message.objects.exists()
    assert owner_client.post(url("delete", conversation)).status_code == 404


def test_deleting_the_open_conversation_leaves_its_page(owner_client, conversation):
    response = owner_client.post(url("delete", conversation), headers=open_page(conversation))
    assert response["HX-Redirect"] == "/"


def test_deleting_another_one_takes_its_row_away(owner_client, conversation):
    headers = {**HTMX, "HX-Current-URL": f"http://testserver/c/{uuid.uuid4()}/"}
    response = owner_client.post(url("delete", conversation), headers=headers)
    assert "HX-Redirect" not in response
    assert 'hx-swap-oob="delete"' in response.content.decode()


@pytest.mark.parametrize(
    ("answer", "title"),
    [
        ('"Garden tips."', "Garden tips"),
        ("## Three ways to sort\n\nA **stable** sort keeps", "Three ways to sort"),
        ("\n**Sorting** with `sorted()`\nand more", "Sorting with sorted()"),
        ("Learning C#", "Learning C#"),
        ("word " * 40, "word " * 11 + "word…"),
        ("** \n", ""),
    ],
)
def test_a_models_title_is_one_plain_short_line(answer, title):
    assert title_of(answer) == title
