"""What a server is asked about its models, how it may fail, and what comes into the catalogue."""

import socket
from collections.abc import Iterator

import pytest

from providers import discovery, errors
from providers.actions import add_provider, set_default_model
from providers.discovery import add_models, connect, listed, offered
from providers.models import Ability, ModelSpec
from providers.offers import Offered
from tests.fake_backend import FakeBackend, in_thread
from tests.providers.conftest import SECRET

pytestmark = pytest.mark.django_db


@pytest.fixture
def upstream() -> Iterator[FakeBackend]:
    with in_thread() as fake:
        yield fake


@pytest.fixture
def silent() -> Iterator[str]:
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"


def test_a_server_lists_all_it_has_with_what_it_says_of_them(upstream):
    upstream.models[:] = ["b", "text-embedding-3", "a"]
    upstream.facts["b"] = {"max_model_len": 4096}
    found = listed(upstream.base_url, SECRET, allow_private=True)
    assert [each.name for each in found] == ["b", "text-embedding-3", "a"]
    assert found[0].context_window == 4096


def test_only_those_that_chat_are_offered_unasked(upstream):
    upstream.models[:] = ["one", "text-embedding-3", "whisper-1", "two"]
    upstream.facts["two"] = {"type": "embeddings"}
    found, error = offered(upstream.base_url, SECRET, allow_private=True)
    assert error is None
    assert [each.name for each in found] == ["one"]


def test_of_very_many_the_first_are_offered(upstream):
    upstream.models[:] = [f"m{number}" for number in range(90)]
    assert len(offered(upstream.base_url, SECRET, allow_private=True)[0]) == 40


class TestFailures:
    def test_a_wrong_key(self, upstream):
        with pytest.raises(errors.AuthenticationFailed):
            listed(upstream.base_url, "", allow_private=True)

    def test_no_server(self):
        with pytest.raises(errors.ConnectionFailed):
            listed("http://127.0.0.1:9/v1", SECRET, allow_private=True)

    def test_an_address_that_may_not_be_called(self, upstream):
        with pytest.raises(errors.AddressRefused):
            listed(upstream.base_url, SECRET, allow_private=False)

    def test_no_list(self, upstream):
        with pytest.raises(errors.ModelNotFound):
            listed(f"{upstream.base_url}/nowhere", SECRET, allow_private=True)

    @pytest.mark.parametrize("body", ["<html>", {"data": "none"}, 7, None])
    def test_no_list_of_models(self, upstream, body):
        upstream.list_with(status=200, body=body)
        with pytest.raises(errors.BadResponse) as raised:
            listed(upstream.base_url, SECRET, allow_private=True)
        assert SECRET not in f"{raised.value} {raised.value.detail}"

    def test_a_server_that_says_nothing_is_not_waited_for(self, silent, monkeypatch):
        monkeypatch.setattr(discovery, "_SECONDS", 0.2)
        with pytest.raises(errors.ConnectTimeout):
            listed(silent, SECRET, allow_private=True)

    def test_offered_are_none_then(self):
        found, error = offered("http://127.0.0.1:9/v1", SECRET, allow_private=True)
        assert (found, type(error)) == ([], errors.ConnectionFailed)


def test_models_come_with_what_is_known_of_them():
    provider = add_provider("OpenAI", "https://api.openai.com/v1")
    stated = {Ability.VISION: False}
    (spec,) = add_models(provider, [Offered("gpt-5.4", 9000, stated)])
    spec.refresh_from_db()
    assert (spec.context_window, spec.abilities) == (9000, ["chat", "tools", "json"])
    assert spec.input_price > 0
    assert spec.price_source.startswith("genai-prices")


def test_models_of_an_unknown_server_cost_what_nobody_knows():
    provider = add_provider("House", "https://models.example.test/v1")
    (spec,) = add_models(provider, [Offered("gpt-5.4")])
    spec.refresh_from_db()
    assert spec.input_price is spec.cached_input_price is spec.output_price is None
    assert spec.price_source == ""


class TestTheFirstDefault:
    def test_is_the_first_that_chats(self):
        provider = add_provider("House", "https://models.example.test/v1")
        connect(provider, "", ["text-embedding-3", "large", "small"])
        assert ModelSpec.objects.get(is_default=True).name == "large"

    def test_is_none_where_none_chats(self):
        provider = add_provider("House", "https://models.example.test/v1")
        specs = connect(provider, "", ["text-embedding-3"]).specs
        assert len(specs) == 1
        assert not ModelSpec.objects.filter(is_default=True).exists()

    def test_stays(self):
        one = connect(add_provider("One", "https://a.example.test/v1"), "", ["one"]).specs
        set_default_model(one[0])
        connect(add_provider("Two", "https://b.example.test/v1"), "", ["two"])
        assert ModelSpec.objects.get(is_default=True).name == "one"
