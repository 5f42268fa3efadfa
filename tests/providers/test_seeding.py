"""What an installation begins with, and what is never written again."""

import io
import threading
from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from providers.actions import set_default_model
from providers.models import Credential, ModelSpec, Provider
from providers.seeding import seed_embedded, seed_from_environment
from tests.fake_backend import FakeBackend, in_thread
from tests.providers.conftest import SECRET

pytestmark = pytest.mark.django_db
KEY = {"OPENAI_API_KEY": SECRET}
EMBEDDED_KEY = "local-key-0123456789abcdef"


@pytest.fixture
def embedded(settings):
    settings.EMBEDDED_MODEL_URL = "http://127.0.0.1:9001/v1"
    settings.EMBEDDED_MODEL_KEY = EMBEDDED_KEY
    return settings


@pytest.fixture(scope="module")
def upstream() -> Iterator[FakeBackend]:
    with in_thread() as fake:
        yield fake


class TestEmbedded:
    def test_a_first_start(self, embedded):
        provider = seed_embedded()
        assert provider is not None
        assert (provider.base_url, provider.is_embedded) == ("http://127.0.0.1:9001/v1", True)
        assert provider.current_secret() == EMBEDDED_KEY
        (spec,) = provider.specs.all()
        assert (spec.label, spec.is_default, spec.makes_titles) == ("SmolLM2 135M", True, False)
        assert "English" in spec.description
        assert spec.input_price == spec.output_price == 0

    def test_another_start_changes_nothing(self, embedded, django_assert_max_num_queries):
        seed_embedded()
        before = _rows()
        with django_assert_max_num_queries(8):
            seed_embedded()
        assert _rows() == before

    def test_a_new_port_and_a_new_key_are_taken_over(self, embedded):
        seed_embedded()
        embedded.EMBEDDED_MODEL_URL = "http://127.0.0.1:9002/v1"
        embedded.EMBEDDED_MODEL_KEY = "another-local-key-0123456789"
        seed_embedded()
        provider = Provider.objects.get()
        assert provider.base_url == "http://127.0.0.1:9002/v1"
        assert provider.current_secret() == "another-local-key-0123456789"
        assert provider.credentials.count() == provider.specs.count() == 1

    def test_an_administrators_edits_stay(self, embedded):
        seed_embedded()
        Provider.objects.update(name="Mine", is_enabled=False, idle_seconds=7)
        ModelSpec.objects.update(label="Tiny", is_default=False, is_enabled=False)
        embedded.EMBEDDED_MODEL_URL = "http://127.0.0.1:9003/v1"
        seed_embedded()
        provider = Provider.objects.get()
        assert (provider.name, provider.is_enabled, provider.idle_seconds) == ("Mine", False, 7)
        assert ModelSpec.objects.get().label == "Tiny"

    def test_a_model_that_was_removed_does_not_come_back(self, embedded):
        seed_embedded()
        ModelSpec.objects.all().delete()
        seed_embedded()
        assert not ModelSpec.objects.exists()

    def test_switched_off_it_cannot_be_asked(self, embedded):
        seed_embedded()
        embedded.EMBEDDED_MODEL_URL = None
        assert seed_embedded() is None
        assert not ModelSpec.objects.answering().exists()
        embedded.EMBEDDED_MODEL_URL = "http://127.0.0.1:9001/v1"
        seed_embedded()
        assert ModelSpec.objects.answering().exists()

    def test_never_switched_on_there_is_none(self, settings):
        settings.EMBEDDED_MODEL_URL = settings.EMBEDDED_MODEL_KEY = None
        assert seed_embedded() is None
        assert not Provider.objects.exists()


class TestEnvironment:
    def test_the_servers_models_are_offered(self, upstream: FakeBackend):
        upstream.models[:] = ["chat-a", "text-embedding-3", "whisper-1", "chat-b"]
        provider = seed_from_environment({**KEY, "OPENAI_BASE_URL": upstream.base_url + "/"})
        assert provider is not None
        assert [spec.name for spec in provider.specs.all()] == ["chat-a", "chat-b"]
        assert ModelSpec.objects.get(is_default=True).name == "chat-a"
        assert (provider.name, provider.base_url) == ("127.0.0.1", upstream.base_url)
        assert provider.allow_private
        assert provider.current_secret() == SECRET

    def test_named_models_are_not_asked_for(self):
        environment = {
            **KEY,
            "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
            "OPENAI_MODEL": "b, a,, b",
        }
        provider = seed_from_environment(environment)
        assert provider is not None
        assert {spec.name for spec in provider.specs.all()} == {"a", "b"}
        assert ModelSpec.objects.get(is_default=True).name == "b"

    def test_without_a_network_openai_has_a_few_known_models(self, monkeypatch):
        monkeypatch.setattr("providers.discovery.listed", lambda *a, **k: [])
        provider = seed_from_environment(KEY)
        assert provider is not None
        assert (provider.name, provider.base_url) == ("OpenAI", "https://api.openai.com/v1")
        assert not provider.allow_private
        specs = list(provider.specs.all())
        assert len(specs) >= 3
        for spec in specs:
            assert spec.input_price > Decimal("0")
            assert spec.output_price > spec.input_price
            assert spec.price_source.startswith("genai-prices")
            assert spec.context_window >= 100_000

    def test_a_server_that_cannot_be_asked_is_added_without_models(self):
        provider = seed_from_environment({**KEY, "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"})
        assert provider is not None
        assert not provider.specs.exists()

    def test_it_becomes_the_default_over_the_embedded_one(self, embedded):
        seed_embedded()
        seed_from_environment({**KEY, "OPENAI_MODEL": "gpt-5.4-mini"})
        assert ModelSpec.objects.get(is_default=True).name == "gpt-5.4-mini"

    def test_it_happens_once(self, embedded):
        seed_embedded()
        seed_from_environment({**KEY, "OPENAI_MODEL": "a"})
        set_default_model(ModelSpec.objects.get(name="smollm2-135m-instruct"))
        Provider.objects.filter(seed="environment").update(name="Mine", base_url="https://x.test")
        before = _rows()
        assert seed_from_environment({**KEY, "OPENAI_MODEL": "b"}) is None
        assert _rows() == before

    @pytest.mark.parametrize("environment", [{}, {"OPENAI_API_KEY": " "}, {"OPENAI_MODEL": "a"}])
    def test_without_a_key_there_is_none(self, environment: dict):
        assert seed_from_environment(environment) is None

    @pytest.mark.parametrize(
        "wrong",
        [
            {"OPENAI_BASE_URL": "ftp://x.test"},
            {"OPENAI_BASE_URL": "nonsense"},
            {"OPENAI_BASE_URL": "http://u:p@x.test/v1"},
            {"OPENAI_MODEL": "m" * 300},
            {"OPENAI_API_KEY": "two\nlines"},
        ],
    )
    def test_nonsense_is_one_clear_sentence(self, wrong: dict, monkeypatch, settings):
        settings.EMBEDDED_MODEL_URL = None
        for name, value in {**KEY, "OPENAI_MODEL": "a", **wrong}.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(CommandError) as raised:
            call_command("seed_providers")
        assert SECRET not in str(raised.value)
        assert not Provider.objects.exists()


def test_the_command_says_what_it_did(embedded, monkeypatch):
    for name, value in {**KEY, "OPENAI_MODEL": "a,b"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    said = io.StringIO()
    call_command("seed_providers", stdout=said)
    assert "Added OpenAI with 2 models" in said.getvalue()
    assert SECRET not in said.getvalue()
    again = io.StringIO()
    call_command("seed_providers", stdout=again)
    assert "Added" not in again.getvalue()


@pytest.mark.django_db(transaction=True)
def test_eight_starts_at_once_seed_once(embedded):
    barrier = threading.Barrier(8)
    failed: list[Exception] = []

    def start() -> None:
        try:
            barrier.wait(10)
            seed_embedded()
            seed_from_environment({**KEY, "OPENAI_MODEL": "a,b"})
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert Provider.objects.count() == 2
    assert Credential.objects.count() == 2
    assert ModelSpec.objects.count() == 3
    assert ModelSpec.objects.get(is_default=True).name == "a"


def _rows() -> list:
    return [
        list(model.objects.order_by("pk").values()) for model in (Provider, Credential, ModelSpec)
    ]
