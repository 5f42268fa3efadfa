"""The page that tells programmers what /v1 takes: who may see it, and that it says what is so."""

import pytest
from django.urls import reverse

from accounts.api_keys import Scope, issue_key
from api.reference.calls import calls_of
from api.reference.errors import FAILURES
from api.reference.operations import OPERATIONS
from providers.actions import add_model

pytestmark = pytest.mark.django_db
URL = reverse("api:reference")


def test_everybody_who_is_signed_in_sees_it(owner_client, admin_client):
    for client in (owner_client, admin_client):
        assert client.get(URL).status_code == 200


def test_a_stranger_signs_in_first(client):
    response = client.get(URL)
    assert (response.status_code, response.url) == (302, f"/accounts/login/?next={URL}")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_it_is_only_read(owner_client, method):
    assert getattr(owner_client, method)(URL).status_code == 405


def test_it_tells_of_each_endpoint_field_and_error(owner_client, settings):
    settings.PUBLIC_URL = "https://chat.example"
    page = owner_client.get(URL).content.decode()
    assert "https://chat.example/v1/chat/completions" in page
    for operation in OPERATIONS:
        assert f"<strong>{operation.method}</strong> {operation.path}</code>" in page
        for parameter in operation.parameters:
            assert f">{parameter.name}</code>" in page
    for failure in FAILURES:
        assert failure.code in page


def test_its_calls_name_models_that_the_reader_may_ask(owner_client, outsider_client, house):
    page = owner_client.get(URL).content.decode()
    assert "plain-model" in page
    assert "their-model" not in page
    house.plain.delete()
    assert "their-model" in outsider_client.get(URL).content.decode()


def test_it_asks_the_same_however_many_models_there_are(
    owner_client, house, django_assert_num_queries
):
    with django_assert_num_queries(3):
        owner_client.get(URL)
    for number in range(20):
        add_model(house.plain.provider, f"m{number}")
    with django_assert_num_queries(3):
        owner_client.get(URL)


def test_the_pages_of_keys_lead_there(holder, owner, house):
    key = issue_key(owner, "a script", Scope())[0]
    for page in (reverse("api:key-list"), reverse("api:key-change", args=[key.pk])):
        assert f'href="{URL}"' in holder.get(page).content.decode()


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.slug)
def test_calls_can_be_copied_whatever_a_model_is_called(operation):
    name = 'it\'s "quoted"; `rm` $HOME\\'
    curl, python, javascript = calls_of(operation, "https://chat.example/v1", name)
    compile(python.text, "example.py", "exec")
    for call in (curl, python, javascript):
        assert "https://chat.example/v1" in call.text
        assert "sk-" not in call.text
    if "model" in operation.example:
        assert "'\"'\"'" in curl.text, "quoted for a shell"
