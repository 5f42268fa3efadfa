import threading

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from accounts.models import User
from providers.actions import add_model, add_provider, set_default_model, store_credential
from providers.models import Credential, ModelSpec, Provider
from tests.providers.conftest import SECRET

pytestmark = pytest.mark.django_db
URL = "https://models.example.test/v1"


def spec(name: str = "m", **fields) -> ModelSpec:
    provider = fields.pop("provider", None) or add_provider(f"server of {name}", URL)
    return add_model(provider, name, **fields)


def person(**fields) -> User:
    user = User.objects.create_user("reader@example.test", "x")
    User.objects.filter(pk=user.pk).update(**{"is_active": True, **fields})
    user.refresh_from_db()
    return user


class TestAddProvider:
    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "10.1.2.3", "[::1]"])
    def test_says_at_once_that_an_address_of_the_own_network_needs_the_switch(self, host):
        url = f"http://{host}:11434/v1"
        with pytest.raises(ValidationError, match="Allow private addresses"):
            add_provider("Near", url)
        assert add_provider("Near", url, allow_private=True).allow_private

    def test_refuses_an_address_that_never_passes(self):
        with pytest.raises(ValidationError, match="may not be called"):
            add_provider("Cloud", "http://169.254.169.254/v1", allow_private=True)

    def test_keeps_the_key_encrypted(self):
        provider = add_provider("One", URL + "/", secret=SECRET)
        assert provider.base_url == URL
        assert provider.current_secret() == SECRET
        with connection.cursor() as cursor:
            cursor.execute("SELECT secret FROM providers_credential")
            (stored,) = cursor.fetchone()
        assert SECRET not in stored
        assert SECRET[:10] not in stored

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "models.example.test/v1",
            "ftp://models.example.test/",
            "file:///etc/passwd",
            "http://",
            "http://user:pass@models.example.test/v1",
            "http://models.example.test:99999/v1",
            "http://mod els.example.test/v1",
            "http://models.example.test\\@evil.test/v1",
            "http://models.example.test/\x00",
            "javascript:alert(1)",
            "http://[::1",
            "h" * 600,
        ],
    )
    def test_refuses_what_is_not_an_address(self, url: str):
        if not url:
            assert add_provider("Off", url).base_url == ""  # a server that is off
            return
        with pytest.raises(ValidationError):
            add_provider("Bad", url)
        assert not Provider.objects.exists()

    @pytest.mark.parametrize("url", ["http://ollama:11434/v1", "http://[::1]:8000/v1", URL])
    def test_takes_the_addresses_people_have(self, url: str):
        assert add_provider("Good", url, allow_private=True).base_url == url

    def test_a_bad_key_leaves_nothing_behind(self):
        with pytest.raises(ValidationError):
            add_provider("One", URL, secret="two\nlines")
        assert not Provider.objects.exists()


class TestStoreCredential:
    def test_replaces_the_one_of_the_same_name(self):
        provider = add_provider("One", URL, secret=SECRET)
        stored = store_credential(provider, " sk-another-key-0987654321 ")
        assert provider.credentials.count() == 1
        assert provider.current_secret() == "sk-another-key-0987654321"
        assert (stored.last_four, stored.replaced_at is None) == ("4321", False)

    def test_a_short_key_shows_nothing(self):
        provider = add_provider("One", URL)
        assert store_credential(provider, "tiny").last_four == ""

    @pytest.mark.parametrize("secret", ["", "  ", "a\nb", "schlüssel", "a\0b", "x" * 5000])
    def test_refuses_what_is_not_a_key(self, secret: str):
        with pytest.raises(ValidationError):
            store_credential(add_provider("One", URL), secret)

    def test_a_disabled_credential_is_not_used(self):
        provider = add_provider("One", URL, secret=SECRET)
        provider.credentials.update(is_enabled=False)
        assert provider.current_secret() == ""

    def test_a_key_does_not_follow_its_provider_to_another_origin(self):
        provider = add_provider("One", URL, secret=SECRET)
        for moved in ("https://elsewhere.example.test/v1", "http://models.example.test/v1"):
            provider.base_url = moved
            assert provider.current_secret() == ""
        provider.base_url = "https://models.example.test:443/another/path"
        assert provider.current_secret() == SECRET


class TestDefault:
    def test_there_is_one(self):
        first, second = spec("a"), spec("b")
        set_default_model(first)
        set_default_model(second)
        assert list(ModelSpec.objects.filter(is_default=True)) == [second]
        set_default_model(second)
        assert list(ModelSpec.objects.filter(is_default=True)) == [second]

    def test_a_disabled_model_cannot_be_it(self):
        off = spec("a", is_enabled=False)
        with pytest.raises(ValidationError):
            set_default_model(off)

    def test_the_database_holds_it(self):
        first, second = spec("a"), spec("b")
        set_default_model(first)
        with pytest.raises(IntegrityError), transaction.atomic():
            ModelSpec.objects.filter(pk=second.pk).update(is_default=True)
        with pytest.raises(IntegrityError), transaction.atomic():
            ModelSpec.objects.filter(pk=first.pk).update(is_enabled=False)


@pytest.mark.django_db(transaction=True)
def test_ten_defaults_at_once_leave_one():
    specs = [spec(f"m{number}") for number in range(10)]
    barrier = threading.Barrier(10)

    def choose(chosen: ModelSpec) -> None:
        try:
            barrier.wait(10)
            set_default_model(chosen)
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    failed: list[Exception] = []
    threads = [threading.Thread(target=choose, args=(each,)) for each in specs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert ModelSpec.objects.filter(is_default=True).count() == 1


class TestUsableBy:
    def test_the_default_comes_first_then_by_label(self):
        user = person()
        for name in ("b", "c", "a"):
            spec(name)
        set_default_model(ModelSpec.objects.get(name="b"))
        assert [each.name for each in ModelSpec.objects.usable_by(user)] == ["b", "a", "c"]

    def test_leaves_out_what_is_off(self):
        user = person()
        spec("disabled", is_enabled=False)
        spec("of a disabled server", provider=add_provider("x", URL, is_enabled=False))
        spec("of a server without address", provider=add_provider("y", ""))
        assert not ModelSpec.objects.usable_by(user).exists()

    def test_nobody_else_gets_any(self):
        spec("a")
        assert not ModelSpec.objects.usable_by(AnonymousUser()).exists()
        assert not ModelSpec.objects.usable_by(person(is_active=False)).exists()

    def test_costs_one_query(self, django_assert_num_queries):
        user = person()
        for name in "abc":
            spec(name)
        with django_assert_num_queries(1):
            assert len([each.provider.name for each in ModelSpec.objects.usable_by(user)]) == 3


class TestLimits:
    @pytest.mark.parametrize(
        "fields",
        [
            {"input_price": -1},
            {"output_price": "-0.000001"},
            {"context_window": 100, "max_output_tokens": 200},
            {"max_output_tokens": 0},
            {"label": ""},
        ],
    )
    def test_nonsense_is_refused(self, fields: dict):
        with pytest.raises(ValidationError):
            spec("m", **fields)

    def test_the_same_model_is_listed_once(self):
        provider = add_provider("One", URL)
        spec("m", provider=provider)
        with pytest.raises(ValidationError):
            spec("m", provider=provider)


def test_nothing_that_prints_a_credential_prints_the_key():
    provider = add_provider("One", URL, secret=SECRET)
    credential = Credential.objects.get(provider=provider)
    shown = f"{credential} {credential!r} {credential.__dict__} {vars(credential)!r}"
    assert SECRET not in shown
    assert "7788" in str(credential)
