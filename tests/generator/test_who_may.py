"""Every address of the generator: the owner may, an outsider finds nothing, nobody gets in."""

import uuid

import pytest
from django.test import Client
from django.urls import reverse

from generator.models import Step, Variant, Work
from runs.models import Run
from tests.generator.readers import filled, variant_of

PLAIN_GET = ["gallery", "work-list", "recipe-view"]
WORK_GET = ["work-view", "work-delete"]
PLAIN_POST = ["recipe-view", "recipe-check"]
WORK_POST = ["work-delete", "variant-add", "variant-stop", "variant-resume", "variant-pick"]
ONLY_GET = ["gallery", "work-list", "work-view"]
ONLY_POST = ["recipe-check", "variant-add", "variant-stop", "variant-resume", "variant-pick"]


@pytest.fixture
def variant(owner, model) -> Variant:
    return variant_of(owner, model, "story", filled("story", idea="A cat finds a boat."))


@pytest.fixture
def address(variant):
    def of(name: str) -> str:
        if name.startswith("recipe-"):
            asked = "?field=idea" if name == "recipe-check" else ""
            return reverse(f"generator:{name}", args=["story"]) + asked
        if name in PLAIN_GET:
            return reverse(f"generator:{name}")
        is_work = name.startswith("work-") or name == "variant-add"
        return reverse(f"generator:{name}", args=[variant.work_id if is_work else variant.pk])

    return of


def written() -> tuple[int, ...]:
    return tuple(each.objects.count() for each in (Work, Variant, Step, Run))


@pytest.mark.parametrize("name", [*PLAIN_GET, *WORK_GET])
def test_the_owner_sees_it(owner_client, address, name):
    assert owner_client.get(address(name)).status_code == 200
    assert owner_client.head(address(name)).status_code == 200


@pytest.mark.parametrize("name", WORK_GET)
def test_an_outsider_finds_nothing(outsider_client, address, name):
    response = outsider_client.get(address(name))
    assert response.status_code == 404
    assert b"A cat finds" not in response.content


@pytest.mark.parametrize("name", ["gallery", "work-list"])
def test_an_outsiders_lists_do_not_show_it(outsider_client, address, name):
    assert b"A cat finds" not in outsider_client.get(address(name)).content


@pytest.mark.parametrize("name", WORK_POST)
def test_an_outsider_changes_nothing(outsider_client, address, variant, name):
    before = written()
    response = outsider_client.post(address(name), {"client_id": uuid.uuid4()})
    assert response.status_code == 404
    assert written() == before
    assert Run.objects.get().state == "queued"
    variant.work.refresh_from_db()
    assert variant.work.picked is None


@pytest.mark.parametrize("name", [*PLAIN_GET, *WORK_GET])
def test_nobody_is_led_to_the_sign_in_page(client: Client, address, name):
    response = client.get(address(name))
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize("name", [*PLAIN_POST, *WORK_POST])
def test_what_nobody_sends_is_refused(client: Client, address, name):
    before = written()
    response = client.post(address(name), {"idea": "what I typed", "client_id": uuid.uuid4()})
    assert response.status_code == 401
    assert written() == before


@pytest.mark.parametrize("name", ONLY_POST)
def test_a_look_changes_nothing(owner_client, address, name):
    assert owner_client.get(address(name)).status_code == 405


@pytest.mark.parametrize("name", ONLY_GET)
def test_pages_take_nothing(owner_client, address, name):
    assert owner_client.post(address(name)).status_code == 405


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
@pytest.mark.parametrize("name", ["recipe-view", "work-delete"])
def test_other_methods_are_refused(owner_client, address, name, method):
    assert getattr(owner_client, method)(address(name)).status_code == 405


@pytest.mark.parametrize("address", ["/generate/nothing/", "/generate/nothing/check/?field=idea"])
def test_a_recipe_that_does_not_exist_is_not_found(owner_client, address):
    assert owner_client.post(address).status_code == 404
