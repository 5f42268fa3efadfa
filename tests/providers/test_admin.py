"""The administrator's pages: what they change, whom they let in, and what they never show."""

import json
import re
from collections.abc import Iterator

import pytest
from django.core import serializers
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from accounts.models import User
from providers.actions import add_model, add_provider, set_default_model, store_credential
from providers.models import Credential, ModelSpec, Provider
from tests.fake_backend import FakeBackend, in_thread
from tests.people import make_administrator, make_person, signed_in
from tests.providers.conftest import SECRET

pytestmark = pytest.mark.django_db
NEW = "sk-new-9876543210abcdefghij"


@pytest.fixture
def provider() -> Provider:
    return add_provider("Models Inc", "https://models.example.test/v1", secret=SECRET)


@pytest.fixture
def spec(provider: Provider) -> ModelSpec:
    return add_model(provider, "large-1", label="Large One")


@pytest.fixture
def administrator() -> Client:
    return signed_in(make_administrator())


def page(model: type, what: str, *args) -> str:
    return reverse(f"admin:providers_{model._meta.model_name}_{what}", args=args)


def every_page(provider: Provider, spec: ModelSpec) -> list[str]:
    credential = provider.credentials.get()
    found = []
    for model, row in ((Provider, provider), (Credential, credential), (ModelSpec, spec)):
        found += [page(model, "changelist"), page(model, "add"), page(model, "change", row.pk)]
        found += [page(model, "history", row.pk), page(model, "delete", row.pk)]
        found += [page(model, "changelist") + "?q=models"]
    return found


def test_an_administrator_reads_every_page_and_never_the_key(administrator, provider, spec):
    for address in every_page(provider, spec):
        response = administrator.get(address, follow=True)
        assert response.status_code == 200, address
        html = response.content.decode()
        assert SECRET not in html
        assert SECRET[5:20] not in html
    assert "…7788" in administrator.get(page(Credential, "changelist")).content.decode()


@pytest.mark.parametrize("staff", [False, True])
def test_nobody_else_reads_any(provider, spec, staff: bool):
    outsider = signed_in(make_person(is_staff=staff))
    for address in every_page(provider, spec):
        for client in (Client(), outsider):
            for response in (client.get(address), client.post(address, {"name": "Mine"})):
                assert response.status_code in {302, 401, 403}, address
                assert "7788" not in response.content.decode()
    provider.refresh_from_db()
    assert provider.name == "Models Inc"


def credential_form(provider: Provider, **changes: str) -> dict[str, str]:
    given = {"provider": str(provider.pk), "name": "default", "is_enabled": "on"}
    return {**given, "priority": "0", "weight": "1", **changes}


class TestCredential:
    def test_a_new_one_takes_no_place_of_another(self, administrator, provider):
        html = administrator.get(page(Credential, "add")).content.decode()
        assert "Encrypted, and never shown again." in html
        assert "Takes the place" not in html
        assert "Ends with" not in html
        stored = page(Credential, "change", provider.credentials.get().pk)
        assert "Takes the place" in administrator.get(stored).content.decode()

    def test_is_stored_encrypted(self, administrator):
        provider = add_provider("Other", "https://other.example.test/v1")
        given = credential_form(provider, new_secret=NEW)
        response = administrator.post(page(Credential, "add"), given)
        assert response.status_code == 302, response.content.decode()
        assert provider.current_secret() == NEW
        assert Credential.objects.get().last_four == "ghij"

    def test_an_empty_field_keeps_the_key(self, administrator, provider):
        credential = provider.credentials.get()
        address = page(Credential, "change", credential.pk)
        given = credential_form(provider, new_secret="")
        del given["is_enabled"]
        assert administrator.post(address, given).status_code == 302
        credential.refresh_from_db()
        assert (credential.secret, credential.is_enabled) == (SECRET, False)

    def test_a_new_key_takes_its_place(self, administrator, provider):
        credential = provider.credentials.get()
        address = page(Credential, "change", credential.pk)
        administrator.post(address, credential_form(provider, new_secret=NEW))
        assert provider.current_secret() == NEW
        assert provider.credentials.count() == 1

    def test_is_not_moved_to_another_provider(self, administrator, provider):
        """Whoever may change a credential must not be able to send it to a server of theirs."""
        other = add_provider("Theirs", "https://theirs.example.test/v1")
        address = page(Credential, "change", provider.credentials.get().pk)
        administrator.post(address, credential_form(other))
        assert other.current_secret() == ""
        assert provider.current_secret() == SECRET

    @pytest.mark.parametrize("secret", ["", "two\nlines", "schlüssel-schlüssel", "x" * 5000])
    def test_what_is_no_key_is_refused_and_not_repeated(self, administrator, secret: str):
        provider = add_provider("Other", "https://other.example.test/v1")
        given = credential_form(provider, new_secret=secret)
        response = administrator.post(page(Credential, "add"), given)
        assert response.status_code == 200
        assert not provider.credentials.exists()
        assert not secret or secret not in response.content.decode()

    def test_the_history_does_not_hold_it(self, administrator, provider):
        credential = provider.credentials.get()
        address = page(Credential, "change", credential.pk)
        administrator.post(address, credential_form(provider, new_secret=NEW))
        from django.contrib.admin.models import LogEntry

        assert LogEntry.objects.exists()
        assert NEW not in str(list(LogEntry.objects.values()))


class TestProvider:
    def form(self, **changes: str) -> dict[str, str]:
        return {
            "name": "New",
            "kind": "openai",
            "base_url": "https://new.example.test/v1",
            "is_enabled": "on",
            "first_token_seconds": "10",
            "idle_seconds": "10",
            "total_seconds": "100",
            "specs-TOTAL_FORMS": "0",
            "specs-INITIAL_FORMS": "0",
            **changes,
        }

    def test_is_added(self, administrator):
        response = administrator.post(page(Provider, "add"), self.form())
        assert response.status_code == 302, response.content.decode()
        assert Provider.objects.get().base_url == "https://new.example.test/v1"

    @pytest.mark.parametrize(
        "wrong",
        [
            {"base_url": "ftp://x.test"},
            {"base_url": "http://u:p@x.test/v1"},
            {"base_url": "x" * 600},
            {"base_url": "http://x.test/\x00"},
            {"name": ""},
            {"kind": "unknown"},
            {"idle_seconds": "0"},
            {"idle_seconds": "-1"},
            {"idle_seconds": "nan"},
            {"total_seconds": "soon"},
        ],
    )
    def test_nonsense_is_refused(self, administrator, wrong: dict):
        response = administrator.post(page(Provider, "add"), self.form(**wrong))
        assert response.status_code == 200
        assert not Provider.objects.exists()

    def test_a_seeded_one_is_not_deleted(self, administrator, provider):
        Provider.objects.update(seed="environment")
        address = page(Provider, "delete", provider.pk)
        assert administrator.post(address, {"post": "yes"}).status_code == 403
        action = {"action": "delete_selected", "_selected_action": str(provider.pk), "post": "yes"}
        administrator.post(page(Provider, "changelist"), action)
        assert Provider.objects.exists()


@pytest.mark.parametrize("model", [Provider, Credential, ModelSpec])
def test_lists_cost_the_same_for_many_rows(
    administrator, provider, spec, model, django_assert_max_num_queries
):
    for number in range(20):
        each = add_provider(f"p{number}", "https://x.example.test/v1", secret=NEW)
        add_model(each, f"m{number}")
    with django_assert_max_num_queries(14):
        assert administrator.get(page(model, "changelist")).status_code == 200


def test_the_list_counts_models_and_keys(administrator, provider, spec):
    store_credential(provider, NEW, name="second")
    Credential.objects.filter(name="default").update(retires_at=Now())
    add_model(provider, "another")
    (row,) = administrator.get(page(Provider, "changelist")).context["cl"].result_list
    assert (row.models_of, row.keys_of) == (2, 1)


def test_dumps_do_not_hold_the_key(provider, capsys):
    call_command("dumpdata", "providers", "--traceback")
    dumped = capsys.readouterr().out
    assert json.loads(dumped)
    for text in (dumped, serializers.serialize("xml", Credential.objects.all())):
        assert SECRET not in text


def test_a_person_without_rights_sees_no_provider_in_the_admin(provider):
    person: User = make_person(is_staff=True)
    assert "Models Inc" not in signed_in(person).get(reverse("admin:index")).content.decode()


@pytest.fixture
def upstream() -> Iterator[FakeBackend]:
    with in_thread() as fake:
        yield fake


def form(**fields: str) -> dict[str, str]:
    limits = {"first_token_seconds": "120", "idle_seconds": "60", "total_seconds": "900"}
    return {"name": "House", "kind": "openai", **limits, **fields}


def added(administrator: Client, **fields: str) -> str:
    response = administrator.post(page(Provider, "add"), form(**fields), follow=True)
    return response.content.decode()


class TestConnecting:
    def test_one_form_makes_a_provider_that_answers(self, administrator, upstream):
        url = upstream.base_url
        said = added(administrator, base_url=url, allow_private="on", key=SECRET, models="")
        assert "Models that can be chosen now" in said
        provider = Provider.objects.get(name="House")
        assert provider.current_secret() == SECRET
        assert ModelSpec.objects.answering().filter(provider=provider, is_default=True).exists()
        assert SECRET not in said
        assert "Test the connection" in said
        assert 'value="120"' in said

    def test_named_models_are_not_asked_for(self, administrator):
        said = added(administrator, base_url="https://a.test/v1", models="large, small ,,large")
        assert "large, small" in said
        names = ModelSpec.objects.order_by("created_at").values_list("name", flat=True)
        assert list(names) == ["large", "small"]

    def test_a_server_that_lists_none_is_said(self, administrator):
        said = added(administrator, base_url="http://127.0.0.1:9/v1", allow_private="on")
        assert "could not be reached. Check the address and the port" in said
        assert "refused" not in said
        assert Provider.objects.filter(name="House").exists()

    def test_only_the_embedded_model_gives_way_as_default(self, administrator, provider, spec):
        set_default_model(spec)
        added(administrator, base_url="https://a.test/v1", models="one")
        assert ModelSpec.objects.get(is_default=True) == spec
        Provider.objects.filter(pk=provider.pk).update(is_embedded=True)
        added(administrator, name="Other", base_url="https://b.test/v1", models="two")
        assert ModelSpec.objects.get(is_default=True).name == "two"

    @pytest.mark.parametrize(
        "fields",
        [
            {"base_url": "no address"},
            {"base_url": "http://127.0.0.1/v1"},
            {"key": "two\nlines"},
            {"key": "ключ"},
            {"models": "x" * 201},
            {"models": "x," * 1001},
            {"total_seconds": "86401"},
            {"total_seconds": "0"},
            {"name": ""},
        ],
    )
    def test_what_cannot_be_is_said_at_its_field(self, administrator, fields):
        html = added(administrator, **{"base_url": "https://a.test/v1", **fields})
        assert "errorlist" in html or "correct the error" in html
        assert not Provider.objects.filter(name="House").exists()

    def test_its_page_leads_to_its_keys(self, administrator, provider):
        html = administrator.get(page(Provider, "change", provider.pk)).content.decode()
        assert page(Credential, "change", provider.credentials.get().pk) in html
        assert f"{page(Credential, 'add')}?provider={provider.pk}" in html


class TestPresets:
    def test_choosing_is_enough_where_the_rest_is_left_empty(self, administrator):
        added(administrator, name="", preset="ollama", models="llama")
        provider = Provider.objects.get()
        assert (provider.name, provider.base_url) == ("Ollama", "http://localhost:11434/v1")
        assert (provider.kind, provider.allow_private) == ("openai", True)

    def test_what_was_entered_stays(self, administrator):
        url = "https://far.example.test/v1"
        added(administrator, preset="ollama", base_url=url, models="llama")
        provider = Provider.objects.get()
        assert (provider.name, provider.base_url, provider.allow_private) == ("House", url, False)

    def test_kind_and_network_come_with_the_address(self, administrator):
        """Left as the form has them at first, they do not make the preset's address another."""
        said = added(administrator, name="", preset="azure", allow_private="on", key=NEW)
        assert "Replace the capital letters" in said
        assert "YOUR-RESOURCE.openai.azure.com" in said
        assert '<option value="azure" selected>' in said
        assert not Provider.objects.exists()

    def test_a_key_that_is_needed_is_asked_for_with_where_it_is_made(self, administrator):
        said = added(administrator, name="", preset="mistral", models="large")
        assert "https://console.mistral.ai/api-keys" in said
        assert "This server needs a key" in said
        assert not Provider.objects.exists()
        added(administrator, name="", preset="mistral", models="large", key=NEW)
        assert Provider.objects.get().current_secret() == NEW

    @pytest.mark.parametrize("slug", ["nonsense", "x" * 5000, "OpenAI", "ollama "])
    def test_one_that_is_none_is_refused(self, administrator, slug):
        said = added(administrator, preset=slug, base_url="https://a.test/v1", models="m")
        assert "Select a valid choice" in said
        assert not Provider.objects.exists()

    def test_the_choices_carry_what_the_script_fills_in(self, administrator):
        html = administrator.get(page(Provider, "add")).content.decode()
        assert 'data-base-url="http://localhost:11434/v1"' in html
        assert re.search(r'<script src="[^"]*js/preset.js" defer', html)


class TestAzure:
    URL = "https://house.openai.azure.com/openai/v1"

    def test_nothing_is_added_without_deployments(self, administrator):
        said = added(administrator, kind="azure", base_url=self.URL, key=NEW, models=" , ")
        assert "names of your deployments" in said
        assert not Provider.objects.exists()
        assert not ModelSpec.objects.exists()

    def test_deployments_are_added_by_name(self, administrator):
        added(administrator, kind="azure", base_url=self.URL, key=NEW, models="our-gpt")
        assert Provider.objects.get().kind == "azure"
        assert ModelSpec.objects.get().name == "our-gpt"


@pytest.mark.parametrize("end", ["/", "//"])
def test_a_slash_at_the_end_of_an_address_is_left_out(administrator, provider, end):
    given = {
        "name": "Models Inc",
        "kind": "openai",
        "base_url": f"https://models.example.test/v2{end}",
    }
    limits = {"first_token_seconds": 9, "idle_seconds": 9, "total_seconds": 9}
    rows = {"specs-TOTAL_FORMS": 0, "specs-INITIAL_FORMS": 0}
    administrator.post(page(Provider, "change", provider.pk), {**given, **limits, **rows})
    provider.refresh_from_db()
    assert provider.base_url == "https://models.example.test/v2"


@pytest.mark.parametrize("end", ["?a=b", "#here", "/?", "#"])
def test_nothing_follows_the_path_of_an_address(end):
    with pytest.raises(ValidationError):
        add_provider("Ours", f"https://models.example.test/v1{end}")


def test_keys_that_an_address_leaves_behind_are_named(administrator, provider):
    given = {"name": "Models Inc", "kind": "openai", "base_url": "https://other.example.test/v1"}
    limits = {"first_token_seconds": 9, "idle_seconds": 9, "total_seconds": 9}
    rows = {"specs-TOTAL_FORMS": 0, "specs-INITIAL_FORMS": 0}
    url = page(Provider, "change", provider.pk)
    html = administrator.post(url, {**given, **limits, **rows}, follow=True).content.decode()
    assert "The keys were stored for another address" in html
