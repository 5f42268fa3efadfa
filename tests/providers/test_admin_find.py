"""The page "Find models": who may open it, what it shows, and what it takes into the catalogue."""

from collections.abc import Iterator
from decimal import Decimal
from unittest.mock import patch

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from providers.actions import add_model, add_models, add_provider
from providers.models import ModelSpec, Provider
from tests.fake_backend import FakeBackend, in_thread
from tests.people import make_person, signed_in
from tests.providers.conftest import SECRET

pytestmark = pytest.mark.django_db


@pytest.fixture
def upstream() -> Iterator[FakeBackend]:
    with in_thread() as fake:
        fake.models[:] = ["llama3.1:8b", "nomic-embed-text", "whisper-1"]
        yield fake


@pytest.fixture
def provider(upstream: FakeBackend) -> Provider:
    return add_provider("House", upstream.base_url, secret=SECRET, allow_private=True)


def page(provider: Provider) -> str:
    return reverse("admin:providers_provider_find", args=[provider.pk])


def ask(client: Client, provider: Provider, **given: object) -> str:
    return client.post(page(provider), {"part": "", "ask": "1", **given}).content.decode()


def add(client: Client, provider: Provider, *names: str, **given: object) -> str:
    chosen = {"part": "", "add": "1", "names": names, **given}
    return client.post(page(provider), chosen, follow=True).content.decode()


class TestWhoMay:
    def test_an_administrator_is_led_there_and_nothing_is_asked_yet(self, admin_client, provider):
        change = reverse("admin:providers_provider_change", args=[provider.pk])
        assert page(provider) in admin_client.get(change).content.decode()
        with patch("providers.admin.discovery.listed") as asked:
            html = admin_client.get(page(provider)).content.decode()
        asked.assert_not_called()
        assert "Ask the server" in html
        assert SECRET not in html

    @pytest.mark.parametrize("rights", [(), ("change_provider",), ("view_provider",)])
    def test_nobody_else(self, provider, rights):
        staff = make_person("staff@example.test", is_staff=True)
        staff.user_permissions.set(Permission.objects.filter(codename__in=rights))
        with patch("providers.admin.discovery.listed") as asked:
            for client in (Client(), signed_in(make_person()), signed_in(staff)):
                for given in ({"ask": "1"}, {"add": "1", "names": "llama3.1:8b"}):
                    assert client.get(page(provider)).status_code in (302, 403)
                    assert client.post(page(provider), given).status_code in (302, 401, 403)
        asked.assert_not_called()
        assert not ModelSpec.objects.exists()

    @pytest.mark.parametrize("method", ["put", "patch", "delete"])
    def test_other_methods_do_nothing(self, admin_client, provider, method):
        assert getattr(admin_client, method)(page(provider)).status_code == 405

    @pytest.mark.parametrize("key", ["x", "9" * 300, "00000000-0000-0000-0000-000000000000"])
    def test_no_provider_has_no_page(self, admin_client, key):
        url = reverse("admin:providers_provider_find", args=[key])
        assert admin_client.get(url).status_code == 404
        assert admin_client.post(url, {"ask": "1"}).status_code == 404

    def test_the_form_needs_its_token(self, admin, provider):
        client = Client(enforce_csrf_checks=True)
        client.force_login(admin)
        given = {"add": "1", "names": "llama3.1:8b"}
        assert client.post(page(provider), given).status_code == 403
        assert not ModelSpec.objects.exists()


class TestAsking:
    def test_it_shows_all_the_server_has_and_what_is_there_already(
        self, admin_client, provider, upstream
    ):
        upstream.facts["llama3.1:8b"] = {"context_length": 131_072}
        spec = add_model(provider, "whisper-1")
        html = ask(admin_client, provider)
        assert "The server lists 3 models." in html
        assert 'value="llama3.1:8b"' in html
        assert "131,072" in html
        assert "131,072 (assumed)" not in html
        assert "8,192 (assumed)" in html
        assert "embeddings" in html
        assert 'value="whisper-1"' not in html
        assert reverse("admin:providers_modelspec_change", args=[spec.pk]) in html
        assert "no longer in the server" not in html
        assert "Add the chosen models" in html

    def test_it_offers_to_add_none_where_all_are_there(self, admin_client, provider):
        add_model(provider, "whisper-1")
        html = ask(admin_client, provider, part="whisper")
        assert "All of these are in the catalogue." in html
        assert "Add the chosen models" not in html

    def test_it_says_what_the_server_no_longer_lists(self, admin_client, provider):
        add_model(provider, "old", label="An old one")
        html = ask(admin_client, provider)
        assert "no longer in the server" in html
        assert "An old one" in html

    def test_a_part_of_the_name_narrows_the_table(self, admin_client, provider):
        html = ask(admin_client, provider, part=" EMBED ")
        assert 'value="nomic-embed-text"' in html
        assert 'value="llama3.1:8b"' not in html
        assert "1 of these names fit" in html

    def test_a_very_long_list_is_cut_and_says_so(self, admin_client, provider, upstream):
        upstream.models[:] = [f"model-{number}" for number in range(620)]
        html = ask(admin_client, provider)
        assert html.count('name="names"') == 500
        assert "The first 500 are shown" in html

    def test_a_name_is_text_whatever_it_holds(self, admin_client, provider, upstream):
        upstream.models[:] = ['"><script>alert(1)</script>']
        html = ask(admin_client, provider)
        assert "<script>alert(1)" not in html
        assert "&lt;script&gt;alert(1)" in html

    @pytest.mark.parametrize(
        ("change", "sentence"),
        [
            ({"base_url": "http://127.0.0.1:9/v1"}, "could not be reached"),
            ({"base_url": ""}, "has no address"),
            ({"allow_private": False}, "address of this provider is not allowed"),
        ],
    )
    def test_why_it_could_not_be_asked_is_a_sentence(
        self, admin_client, provider, change, sentence
    ):
        Provider.objects.update(**change)
        for html in (ask(admin_client, provider), add(admin_client, provider, "llama3.1:8b")):
            assert sentence in html
            assert SECRET not in html
        assert not ModelSpec.objects.exists()

    def test_a_refused_key_is_a_sentence(self, admin_client, provider):
        provider.credentials.all().delete()
        assert "The server needs a key. Add one." in ask(admin_client, provider)

    def test_a_key_that_the_server_refuses_is_a_sentence(self, admin_client, provider, upstream):
        upstream.accept("another")
        assert "refused the stored key" in ask(admin_client, provider)

    @pytest.mark.parametrize(
        ("change", "sentence"),
        [
            ({"origin": "https://elsewhere.example.test"}, "belong to another address"),
            ({"is_enabled": False}, "stored keys are disabled"),
        ],
    )
    def test_keys_that_are_not_sent_are_not_blamed_on_the_server(
        self, admin_client, provider, upstream, change, sentence
    ):
        provider.credentials.update(**change)
        html = ask(admin_client, provider)
        assert sentence in html
        assert "refused" not in html
        assert SECRET not in str(upstream.listed)

    def test_an_address_without_a_list_is_a_sentence(self, admin_client, provider):
        Provider.objects.update(base_url=f"{provider.base_url}/nowhere")
        assert "no list of models at this address" in ask(admin_client, provider)

    @pytest.mark.parametrize("part", ["x" * 101, "\x00"])
    def test_nonsense_is_not_searched_for(self, admin_client, provider, part):
        with patch("providers.admin.discovery.listed") as asked:
            response = admin_client.post(page(provider), {"part": part, "ask": "1"})
        assert response.status_code in (200, 400)
        asked.assert_not_called()

    def test_azure_is_said_to_list_no_deployments(self, admin_client, provider):
        assert "not your deployments" not in admin_client.get(page(provider)).content.decode()
        Provider.objects.update(kind=Provider.Kind.AZURE)
        assert "not your deployments" in admin_client.get(page(provider)).content.decode()


class TestAdding:
    def test_the_chosen_come_with_what_the_server_says_of_them(
        self, admin_client, provider, upstream
    ):
        upstream.facts["llama3.1:8b"] = {"context_length": 131_072}
        html = add(admin_client, provider, "llama3.1:8b", "nomic-embed-text")
        assert "Models added: llama3.1:8b, nomic-embed-text" in html
        chat, embeds = ModelSpec.objects.order_by("name")
        assert (chat.context_window, chat.abilities) == (131_072, ["chat", "tools", "json"])
        assert embeds.abilities == ["embeddings"]
        assert "llama3.1:8b" in LogEntry.objects.get().change_message

    def test_what_the_form_says_of_them_is_not_believed(self, admin_client, provider):
        forged = {"input_price": "0", "abilities": "images", "context_window": "1"}
        add(admin_client, provider, "llama3.1:8b", **forged)
        spec = ModelSpec.objects.get()
        assert (spec.input_price, spec.context_window) == (None, 8192)
        assert "images" not in spec.abilities

    def test_their_prices_are_the_snapshots(self, admin_client, provider):
        Provider.objects.update(base_url="https://api.openai.com/v1")
        from providers.offers import Offered

        with patch("providers.admin.discovery.listed", lambda *a, **k: [Offered("gpt-5.4")]):
            add(admin_client, provider, "gpt-5.4")
        assert ModelSpec.objects.get().output_price == Decimal(15)

    @pytest.mark.parametrize("names", [(), ("not-listed",), ("",), ("x" * 5000,), ("\x00",)])
    def test_what_the_server_does_not_list_is_not_added(self, admin_client, provider, names):
        assert "Choose models that are not in the catalogue yet." in add(
            admin_client, provider, *names
        ) or ("\x00" in names)
        assert not ModelSpec.objects.exists()

    def test_twice_adds_once(self, admin_client, provider):
        add(admin_client, provider, "llama3.1:8b")
        again = add(admin_client, provider, "llama3.1:8b")
        assert "Choose models that are not in the catalogue yet." in again
        assert ModelSpec.objects.count() == 1

    def test_none_becomes_the_default_unasked(self, admin_client, provider):
        add(admin_client, provider, "llama3.1:8b")
        assert not ModelSpec.objects.get().is_default


def test_a_key_that_cannot_be_read_is_said(admin_client, provider):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE providers_credential SET secret = 'rubbish'")
    assert "cannot be decrypted" in ask(admin_client, provider)


def test_an_id_that_ends_in_a_slash_is_a_name_like_any(admin_client, provider, upstream):
    upstream.models[:] = ["models/", "fine"]
    add(admin_client, provider, "models/", "fine")
    assert set(ModelSpec.objects.values_list("name", "label")) == {
        ("models/", "models/"), ("fine", "fine"),
    }  # fmt: skip


def test_what_can_be_asked_for_nothing_is_added_switched_off(admin_client, provider):
    add(admin_client, provider, "llama3.1:8b", "whisper-1")
    found = ModelSpec.objects.values_list("name", "is_enabled").order_by("name")
    assert list(found) == [("llama3.1:8b", True), ("whisper-1", False)]


def test_hundreds_are_added_by_as_many_statements_as_one(admin_client, provider, upstream):
    counts = []
    for names in (["first"], [f"model-{number}" for number in range(500)]):
        upstream.models[:] = names
        with CaptureQueriesContext(connection) as queries:
            assert "Models added" in add(admin_client, provider, *names)
        counts.append(len(queries))
    assert counts[1] <= counts[0]
    assert ModelSpec.objects.count() == 501
    assert ModelSpec.objects.exclude(public_name=None).count() == 501


def test_a_providers_page_counts_its_models_and_leads_to_them(
    admin_client, provider, django_assert_max_num_queries
):
    change = reverse("admin:providers_provider_change", args=[provider.pk])
    assert "Add a model" in admin_client.get(change).content.decode()
    add_models(provider, {f"model-{number}": {} for number in range(1200)})
    with django_assert_max_num_queries(14):
        html = admin_client.get(change).content.decode()
    assert "1,200 models" in html
    assert len(html) < 150_000
    listed = f"{reverse('admin:providers_modelspec_changelist')}?provider__id__exact={provider.pk}"
    assert listed in html
    other = add_model(add_provider("Other", "https://b.example.test/v1"), "other one")
    found = admin_client.get(listed)
    assert found.context["cl"].result_count == 1200
    assert change_page(other) not in found.content.decode()


def change_page(spec: ModelSpec) -> str:
    return reverse("admin:providers_modelspec_change", args=[spec.pk])
