"""The connection test: what each kind of server makes it say, what it costs, and whom it obeys."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from django.test import Client
from django.urls import reverse

from providers.actions import add_model, add_provider, store_credential
from providers.models import Ability, ModelSpec, Provider
from tests.fake_backend import FakeBackend, in_thread
from tests.people import make_person, signed_in
from usage import connection, views
from usage.actions import account_of, payer_of
from usage.connection import try_connection
from usage.limits import set_limits
from usage.models import UsageRecord
from usage.report import Line, Verdict

pytestmark = pytest.mark.django_db
KEY = "sk-test-4f1c9a7e2b8d60531122334455667788"
OTHER = "sk-other-000011112222333344445555"
PASSED, FAILED, NOT_TRIED = Verdict.PASSED, Verdict.FAILED, Verdict.NOT_TRIED


@pytest.fixture
def fake() -> Iterator[FakeBackend]:
    with in_thread() as backend:
        backend.accept(KEY)
        yield backend


@pytest.fixture
def provider(fake: FakeBackend) -> Provider:
    return add_provider("House", fake.base_url, secret=KEY, allow_private=True)


@pytest.fixture
def spec(provider: Provider) -> ModelSpec:
    return add_model(provider, "fake-n3", label="Small One")


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for what never comes as long as a test may."""
    monkeypatch.setattr(connection, "LIST_SECONDS", 0.4)
    monkeypatch.setattr(connection, "STREAM_SECONDS", 0.8)
    monkeypatch.setattr(connection, "SILENT_SECONDS", 0.4)


def tried(provider: Provider) -> SimpleNamespace:
    """Try it as somebody; the lines by what they are about."""
    person = make_person()
    lines = try_connection(provider, payer_of(person))
    reachable, *keys, models, streaming, latency = lines
    return SimpleNamespace(
        reachable=reachable, key=keys[0], keys=keys, models=models, streaming=streaming,
        latency=latency, lines=lines, person=person,
    )  # fmt: skip


def verdicts(found: SimpleNamespace) -> list[Verdict]:
    return [line.verdict for line in found.lines]


def moved_to(provider: Provider, url: str) -> None:
    """Change the address, with the key that belongs to it."""
    provider.base_url = url
    provider.save()
    store_credential(provider, KEY)


class TestAServerThatWorks:
    def test_passes_all_five(self, fake, provider, spec):
        found = tried(provider)
        assert verdicts(found) == [PASSED] * 5
        assert found.key.what == "Key default …7788"
        assert found.models.sentence == f"{len(fake.models)} models."
        assert "Small One" in found.streaming.sentence
        assert found.latency.sentence.count("ms") == 2

    def test_a_few_tokens_are_charged_to_who_tried(self, fake, provider, spec):
        found = tried(provider)
        record = UsageRecord.objects.get()
        assert (record.door, record.state, record.outcome) == ("test", "settled", "stop")
        assert record.account == account_of(found.person)
        assert fake.calls[0].max_tokens == record.held_output_tokens == 16
        assert fake.calls[0].stream

    def test_one_without_a_key_needs_none(self, fake, provider, spec):
        fake.accept("")
        provider.credentials.all().delete()
        found = tried(provider)
        assert verdicts(found) == [PASSED, NOT_TRIED, PASSED, PASSED, PASSED]
        assert [each.get("authorization") for each in fake.listed] == [None]
        assert "asks for none" in found.key.sentence

    def test_a_key_of_azure_goes_into_its_own_header(self, fake, provider, spec):
        Provider.objects.update(kind="azure")
        found = tried(Provider.objects.get())
        assert verdicts(found) == [PASSED] * 5
        assert "deployments" in found.models.sentence
        assert [each.get("api-key") for each in fake.listed] == [None, KEY]
        assert fake.calls[0].headers["api-key"] == KEY
        sent = [*fake.listed, fake.calls[0].headers]
        assert all("authorization" not in each for each in sent)

    def test_a_slow_model_that_is_writing_passes(self, hurried, provider, spec):
        ModelSpec.objects.update(name="fake-d100-n16")
        found = tried(provider)
        assert found.streaming.verdict == PASSED
        assert UsageRecord.objects.get().state == "settled"


class TestKeys:
    def test_each_is_tried_once_and_named(self, fake, provider, spec):
        store_credential(provider, OTHER, name="second")
        found = tried(provider)
        assert [line.what for line in found.keys] == ["Key default …7788", "Key second …5555"]
        assert [line.verdict for line in found.keys] == [PASSED, FAILED]
        assert found.streaming.verdict == PASSED
        assert [key.name for key in provider.credentials.all() if key.is_resting] == ["second"]
        asked = sorted(each.get("authorization", "") for each in fake.listed)
        assert asked == ["", f"Bearer {OTHER}", f"Bearer {KEY}"]

    def test_a_refused_one_is_not_spent_on_a_model(self, fake, provider, spec):
        fake.accept("another")
        found = tried(provider)
        assert verdicts(found) == [PASSED, FAILED, NOT_TRIED, NOT_TRIED, NOT_TRIED]
        assert "refused the stored key" in found.key.sentence
        assert provider.credentials.get().is_resting
        assert fake.calls == []
        assert not UsageRecord.objects.exists()

    def test_a_list_for_everybody_proves_nothing(self, fake, provider, spec):
        """OpenRouter lists its models whatever the key."""
        fake.accept("another", open_listing=True)
        found = tried(provider)
        assert verdicts(found) == [PASSED, FAILED, PASSED, FAILED, NOT_TRIED]
        fake.accept(KEY, open_listing=True)
        assert tried(provider).key.verdict == PASSED
        spec.delete()
        found = tried(provider)
        assert (found.key.verdict, "only an answer tells" in found.key.sentence) == (
            NOT_TRIED,
            True,
        )

    def test_none_where_one_is_wanted(self, provider, spec):
        provider.credentials.all().delete()
        found = tried(provider)
        assert verdicts(found) == [PASSED, FAILED, NOT_TRIED, NOT_TRIED, NOT_TRIED]
        assert "Add one" in found.key.sentence

    def test_one_that_belongs_to_another_address_is_not_sent(self, fake, provider, spec):
        with in_thread() as elsewhere:
            Provider.objects.update(base_url=elsewhere.base_url)
            found = tried(Provider.objects.get())
            assert "another address" in found.key.sentence
            assert [each.get("authorization") for each in elsewhere.listed] == [None]

    def test_one_that_cannot_be_decrypted(self, provider, spec, settings):
        settings.MASTER_KEY = "another-master-key-0123456789abcdef"
        found = tried(provider)
        assert found.reachable.verdict == PASSED
        assert (found.key.verdict, found.streaming.verdict) == (FAILED, NOT_TRIED)
        assert "cannot be decrypted" in found.key.sentence

    @pytest.mark.parametrize(
        ("status", "words"),
        [(402, "quota"), (403, "does not let this key"), (429, "too many requests")],
    )
    def test_what_else_is_said_to_one(self, fake, provider, spec, status, words):
        fake.list_with(status=status, body={"error": {"message": f"no, {KEY}"}})
        fake.queue(status=status, body={"error": {"message": f"no, {KEY}"}})
        found = tried(provider)
        assert verdicts(found) == [PASSED, FAILED, NOT_TRIED, FAILED, NOT_TRIED]
        assert words in found.key.sentence
        assert KEY not in str(found.lines)


BAD_LISTS = [
    ({"status": 200, "body": "<html>Sign in</html>"}, "could not be read"),
    ({"status": 200, "body": {"data": "none"}}, "could not be read"),
    ({"status": 200, "body": "[" * 100_000}, "could not be read"),
    ({"status": 200, "body": "x" * 3 * 2**20}, "could not be read"),
    ({"status": 200, "body": {"object": "list", "data": []}}, "has no models"),
    (
        {"status": 404, "body": "<html>Not found</html>"},
        "There is no list of models at this address",
    ),
    ({"status": 500, "body": {"error": {"message": "oh"}}}, "had an error"),
    ({"status": 200, "body": {"data": [{"id": "m"}]}, "cut_bytes": 80}, "broke off"),
]


class TestAListThatIsBad:
    @pytest.mark.parametrize(("script", "words"), BAD_LISTS)
    def test_is_said_and_the_model_tried_all_the_same(self, fake, provider, spec, script, words):
        fake.list_with(**script)
        found = tried(provider)
        assert found.reachable.verdict == PASSED
        assert (found.models.verdict, words in found.models.sentence) == (FAILED, True)
        assert (found.key.verdict, found.streaming.verdict) == (PASSED, PASSED)
        assert "<html>" not in str(found.lines)

    def test_bare_as_together_sends_it_is_not(self, fake, provider, spec):
        fake.list_with(status=200, body=[{"id": "one"}, {"id": "two"}, {"id": 3}, "four"])
        assert tried(provider).models.sentence == "2 models."


@contextmanager
def nobody_accepts() -> Iterator[str]:
    """Listen with a queue that is full: connecting hangs."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    waiting = []
    for _ in range(3):
        each = socket.socket()
        each.setblocking(False)
        each.connect_ex(listener.getsockname())
        waiting.append(each)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    for each in (*waiting, listener):
        each.close()


class TestAServerThatIsNotThere:
    unreached = [FAILED, NOT_TRIED, NOT_TRIED, NOT_TRIED, NOT_TRIED]

    def test_on_this_port(self, provider, spec, unused_tcp_port):
        moved_to(provider, f"http://127.0.0.1:{unused_tcp_port}/v1")
        found = tried(provider)
        assert verdicts(found) == self.unreached
        assert "the port" in found.reachable.sentence

    def test_where_nothing_may_be_called(self, provider, spec):
        Provider.objects.update(allow_private=False)
        found = tried(Provider.objects.get())
        assert verdicts(found) == self.unreached
        assert "not allowed" in found.reachable.sentence

    def test_without_an_address(self, provider, spec):
        Provider.objects.update(base_url="")
        found = tried(Provider.objects.get())
        assert verdicts(found)[0] == FAILED
        assert found.reachable.sentence == "The provider has no address. Enter one."
        assert verdicts(found)[2:] == [NOT_TRIED] * 3

    def test_but_something_else_is(self, hurried, provider, spec):
        with socket.create_server(("127.0.0.1", 0)) as listener:

            def greet() -> None:
                for _ in range(2):
                    other, _address = listener.accept()
                    other.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")

            threading.Thread(target=greet, daemon=True).start()
            moved_to(provider, f"http://127.0.0.1:{listener.getsockname()[1]}/v1")
            found = tried(provider)
            assert verdicts(found) == self.unreached
            assert "the port" in found.reachable.sentence

    def test_but_hangs_when_connected_to(self, hurried, provider, spec):
        with nobody_accepts() as url:
            moved_to(provider, url)
            assert verdicts(tried(provider)) == self.unreached

    def test_but_hangs_before_its_answer(self, hurried, fake, provider, spec):
        fake.list_with(never=True)
        found = tried(provider)
        assert verdicts(found) == self.unreached
        assert "in time" in found.reachable.sentence

    def test_but_elsewhere_and_the_key_does_not_follow(self, fake, provider, spec):
        with in_thread() as elsewhere:
            to = {"Location": f"{elsewhere.base_url}/models"}
            fake.list_with(status=307, body="", headers=to)
            found = tried(provider)
            assert verdicts(found) == self.unreached
            assert "redirects to another" in found.reachable.sentence
            assert elsewhere.listed
            assert not any(KEY in str(each) for each in elsewhere.listed)

    def test_but_leads_round_and_round(self, fake, provider, spec):
        fake.list_with(status=302, body="", headers={"Location": f"{fake.base_url}/models"})
        assert "redirects to another" in tried(provider).reachable.sentence


class TestAModelThatDoesNotAnswer:
    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("fake-e401", "refused the stored key"),
            ("fake-e404", "no model of this name"),
            ("fake-e500", "had an error"),
            ("fake-cut1", "broke off"),
            ("fake-nofinish", "broke off"),
            ("fake-badjson-n9", "could not be read"),
            ("fake-err1", "had an error"),
            ("fake-never", "too long to begin"),
            ("fake-stall1", "stopped in the middle"),
        ],
    )
    def test_is_said(self, hurried, provider, spec, name, words):
        ModelSpec.objects.update(name=name)
        found = tried(provider)
        assert verdicts(found)[:4] == [PASSED, PASSED, PASSED, FAILED]
        assert words in found.streaming.sentence
        assert UsageRecord.objects.get().state in ("settled", "released")

    def test_redirects_are_not_followed(self, fake, provider, spec):
        fake.queue(status=307, headers={"Location": "http://127.0.0.1:9/v1"})
        assert "redirects to another" in tried(provider).streaming.sentence

    def test_the_first_enabled_one_for_chat_is_asked(self, fake, provider, spec):
        ModelSpec.objects.update(is_enabled=False)
        add_model(provider, "vectors", label="A", abilities=[Ability.EMBEDDINGS])
        found = tried(provider)
        assert (found.streaming.verdict, found.latency.verdict) == (NOT_TRIED, NOT_TRIED)
        assert "Add a model first" in found.streaming.sentence
        assert "Round trip" in found.latency.sentence
        assert fake.calls == []

    def test_a_hold_is_not_left_where_the_call_cannot_begin(self, provider, spec, monkeypatch):
        def broken(*args: object) -> None:
            raise connection.errors.AuthenticationFailed

        monkeypatch.setattr("usage.metered.backend_for", broken)
        assert tried(provider).streaming.verdict == FAILED
        assert not UsageRecord.objects.exists()


def test_ones_own_limit_says_nothing_of_the_server(fake, provider, spec):
    """Neither a budget, for which nobody knows the price, nor a full minute is a failed stream."""
    for limit in ({"day_budget": 1}, {"requests_per_minute": 0}):
        person = make_person()
        set_limits(person, **limit)
        lines = try_connection(provider, payer_of(person))
        assert FAILED not in [line.verdict for line in lines]
        assert "your own limits: no model was asked" in lines[-2].sentence
    assert fake.calls == []


def test_it_ends_in_time_as_it_is(fake, provider, spec):
    """With the real limits, on a server that answers neither question."""
    ModelSpec.objects.update(name="fake-never")
    fake.list_with(status=404, body="")
    began = time.monotonic()
    assert tried(provider).streaming.verdict == FAILED
    assert time.monotonic() - began < connection.STREAM_SECONDS + 2
    assert connection.LIST_SECONDS + connection.STREAM_SECONDS <= 13


class TestPage:
    def url(self, provider: Provider) -> str:
        return reverse("usage:connection-test", args=[provider.pk])

    def test_the_button_is_on_the_providers_page(self, admin_client, provider):
        page = reverse("admin:providers_provider_change", args=[provider.pk])
        html = admin_client.get(page).content.decode()
        assert f'action="{self.url(provider)}"' in html
        assert "Test the connection" in html
        added = admin_client.get(reverse("admin:providers_provider_add")).content.decode()
        assert "Test the connection" not in added

    def test_looking_calls_nobody(self, admin_client, fake, provider, spec):
        response = admin_client.get(self.url(provider))
        assert response.status_code == 200
        assert "Test the connection" in response.content.decode()
        assert fake.listed == fake.calls == []

    def test_pressing_shows_the_lines(self, admin, admin_client, fake, provider, spec):
        html = admin_client.post(self.url(provider)).content.decode()
        for words in ("Reachable", "Key default …7788", "5 models", "Small One", "Round trip"):
            assert words in html
        assert KEY not in html
        assert UsageRecord.objects.get().account.user == admin

    def test_what_a_server_says_is_not_repeated(self, admin_client, fake, provider, spec):
        fake.list_with(status=500, body=f"<script>alert(1)</script>{KEY}")
        fake.queue(status=500, body={"error": {"message": f"<script>{KEY}"}})
        html = admin_client.post(self.url(provider)).content.decode()
        assert KEY not in html
        assert "alert(1)" not in html

    def test_nobody_else_may(self, client, owner_client, fake, provider, spec):
        staff = signed_in(make_person(is_staff=True))
        for somebody, status in ((client, (302, 401)), (owner_client, (302,)), (staff, (403,))):
            for response in (somebody.get(self.url(provider)), somebody.post(self.url(provider))):
                assert response.status_code in status
                assert b"Reachable" not in response.content
        assert fake.listed == fake.calls == []

    def test_who_may_only_look_at_providers_does_not_test_them(self, fake, provider, spec):
        from django.contrib.auth.models import Permission

        looker = make_person(is_staff=True)
        looker.user_permissions.add(Permission.objects.get(codename="view_provider"))
        page = reverse("admin:providers_provider_change", args=[provider.pk])
        assert b"Test the connection" not in signed_in(looker).get(page).content
        assert signed_in(looker).post(self.url(provider)).status_code == 403
        looker.user_permissions.add(Permission.objects.get(codename="change_provider"))
        assert signed_in(looker).post(self.url(provider)).status_code == 200

    @pytest.mark.parametrize("method", ["put", "patch", "delete", "options"])
    def test_other_methods_are_refused(self, admin_client, fake, provider, method):
        assert getattr(admin_client, method)(self.url(provider)).status_code == 405
        assert fake.listed == []

    def test_needs_its_token(self, admin, fake, provider):
        client = Client(enforce_csrf_checks=True)
        client.force_login(admin)
        assert client.post(self.url(provider)).status_code == 403
        assert fake.listed == []

    def test_of_no_provider_is_not_found(self, admin_client):
        gone = reverse("usage:connection-test", args=["00000000-0000-4000-8000-000000000000"])
        assert admin_client.post(gone).status_code == 404

    def test_one_at_a_time(self, admin_client, fake, provider):
        with views._turn:
            html = admin_client.post(self.url(provider)).content.decode()
        assert "Another connection is being tested" in html
        assert fake.listed == []


def test_every_colour_has_its_verdict():
    colours = {each: Line("", each, "").colour for each in Verdict}
    assert colours == {PASSED: "success", FAILED: "danger", NOT_TRIED: ""}
