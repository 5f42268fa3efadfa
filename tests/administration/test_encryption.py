"""The page that says which secrets are under which master key, and re-encrypts them."""

import uuid

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.second_factors import open_secret, seal_secret
from boundary.rotation import Batch, Place, elsewhere, places, reencrypt
from providers.actions import add_provider, store_credential
from providers.models import Credential
from tests.people import make_person, signed_in

pytestmark = pytest.mark.django_db
URL = "/admin/encryption/"
KEYS, FACTORS = "providers_credential.secret", "mfa_authenticator.data"


@pytest.fixture
def secrets(owner) -> None:
    """Three keys of a provider, an app for codes and recovery codes."""
    provider = add_provider("P", "https://models.example.test/v1")
    for name in "abc":
        store_credential(provider, f"sk-{name}-0123456789abcdef", name=name)
    for kind, part in (("totp", "secret"), ("recovery_codes", "seed")):
        data = {part: seal_secret(f"the {part}")}
        Authenticator.objects.create(user=owner, type=kind, data=data)


@pytest.fixture
def new_key(settings):
    settings.MASTER_KEY_FALLBACKS = [settings.MASTER_KEY]
    settings.MASTER_KEY = f"new-{uuid.uuid4()}"


def tallies() -> dict[str, tuple[int, int, int]]:
    found = {place.name: place.tally() for place in places() if place.name in (KEYS, FACTORS)}
    return {name: (each.current, each.earlier, each.unreadable) for name, each in found.items()}


def rows(client: Client) -> dict[str, list]:
    return {str(row[0]): row[1:] for row in client.get(URL).context["table"]["rows"]}


def test_what_is_under_which_key_is_counted(secrets, settings):
    assert tallies() == {KEYS: (3, 0, 0), FACTORS: (2, 0, 0)}
    first, settings.MASTER_KEY = settings.MASTER_KEY, "second"
    settings.MASTER_KEY_FALLBACKS = [first]
    key = Credential.objects.first()
    key.secret = "sk-under-the-second"
    key.save()
    assert tallies() == {KEYS: (1, 2, 0), FACTORS: (0, 2, 0)}
    settings.MASTER_KEY_FALLBACKS = []
    assert tallies() == {KEYS: (1, 0, 2), FACTORS: (0, 0, 2)}


def test_a_fallback_that_is_the_current_key_is_not_counted_twice(secrets, settings):
    settings.MASTER_KEY_FALLBACKS = [settings.MASTER_KEY]
    assert tallies() == {KEYS: (3, 0, 0), FACTORS: (2, 0, 0)}


def test_rubbish_is_unreadable(secrets):
    with connection.cursor() as cursor:
        for rubbish in ("rubbish", "enc1", "", "enc2:abc:def", ":::"):
            cursor.execute("UPDATE providers_credential SET secret = %s", [rubbish])
            assert tallies()[KEYS] == (0, 0, 3), rubbish


def test_one_press_re_encrypts_everything(admin_client, secrets, new_key, settings):
    assert "5 secrets were re-encrypted. None is left." in said(admin_client)
    settings.MASTER_KEY_FALLBACKS = []
    assert {key.secret[3] for key in Credential.objects.all()} == set("abc")
    opened = {open_secret(v) for a in Authenticator.objects.all() for v in a.data.values()}
    assert opened == {"the secret", "the seed"}
    assert rows(admin_client) == {
        "Answers to requests that may be repeated": [0, 0, 0],
        "What API keys are recognised by": [0, 0, 0],
        "Keys of providers": [3, 0, 0],
        "Second factors of people": [2, 0, 0],
    }


def said(client: Client) -> str:
    response = client.post(URL, follow=True)
    assert response.redirect_chain == [(URL, 302)]
    return response.content.decode()


def test_what_does_not_fit_into_one_press_is_left_for_the_next(
    admin_client, secrets, new_key, monkeypatch
):
    monkeypatch.setattr("config.encryption.SECONDS", 0)
    monkeypatch.setattr(reencrypt, "__kwdefaults__", {"batch_size": 2})
    assert "2 secrets were re-encrypted. 3 are left." in said(admin_client)
    assert "1 secret was re-encrypted. 2 are left." in said(admin_client)
    assert "2 secrets were re-encrypted. None is left." in said(admin_client)
    assert "0 secrets were re-encrypted. None is left." in said(admin_client)


def test_what_cannot_be_read_is_said_and_the_rest_goes_on(admin_client, secrets, new_key):
    one, other = Credential.objects.all()[:2]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE providers_credential SET secret = "
            "(SELECT secret FROM providers_credential WHERE id = %s) WHERE id = %s",
            [one.pk, other.pk],
        )
    html = said(admin_client)
    assert "4 secrets were re-encrypted. 1 is left." in html
    assert "1 could not be read." in html


def test_the_command_does_the_same(admin_client, secrets, new_key):
    call_command("rotate_master_key")
    assert tallies() == {KEYS: (3, 0, 0), FACTORS: (2, 0, 0)}


def test_the_button_is_there_while_something_is_left(admin_client, secrets, new_key):
    assert "Re-encrypt" in admin_client.get(URL).content.decode()
    said(admin_client)
    html = admin_client.get(URL).content.decode()
    assert "none is needed as a fallback" in html
    assert "If any are left then" not in html


def test_what_a_room_adds_is_shown_by_its_name(admin_client, monkeypatch):
    from collections import Counter

    place = Place("letters.text", lambda size: iter([Batch()]), lambda: Counter({"": 4}))
    monkeypatch.setitem(elsewhere, "letters.text", place)
    assert rows(admin_client)["letters.text"] == [0, 0, 4]


def test_a_look_changes_nothing(admin_client, secrets, new_key):
    before = list(Credential.objects.values_list("pk", "secret").order_by("pk"))
    for _ in range(2):
        assert admin_client.get(URL).status_code == 200
    assert tallies()[KEYS] == (0, 3, 0)
    assert [pk for pk, _ in before] == list(
        Credential.objects.values_list("pk", flat=True).order_by("pk")
    )


def test_no_secret_is_shown(admin_client, secrets):
    html = admin_client.get(URL).content.decode()
    assert "sk-" not in html
    assert "enc1" not in html


def test_only_administrators_get_in(client, owner_client, secrets, new_key):
    staff = signed_in(make_person("staff@example.test", is_staff=True))
    for somebody in (client, owner_client, staff):
        assert somebody.get(URL).status_code in (302, 403)
        assert somebody.post(URL).status_code in (302, 401, 403)
    assert tallies()[KEYS] == (0, 3, 0)
    assert URL not in staff.get(reverse("admin:index")).content.decode()


def test_an_administrator_finds_it_in_the_sidebar(admin_client):
    assert f'href="{URL}"' in admin_client.get(reverse("admin:index")).content.decode()


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_other_methods_are_refused(admin_client, method):
    assert getattr(admin_client, method)(URL).status_code == 405


def test_the_form_needs_its_token(admin, secrets, new_key):
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin)
    assert client.post(URL).status_code == 403
    assert tallies()[KEYS] == (0, 3, 0)
