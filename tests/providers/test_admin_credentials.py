"""The keys of providers in the administration: how each stands, waking, rotating."""

import datetime as dt

import pytest
from django.contrib.admin.models import LogEntry
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from providers.actions import add_provider, store_credential
from providers.models import Credential, Provider
from tests.people import make_administrator, make_person, signed_in

pytestmark = pytest.mark.django_db
OLD, NEW = "sk-old-0123456789abcdef", "sk-new-fedcba9876543210"
HOUR = dt.timedelta(hours=1)
LIST = "admin:providers_credential_changelist"


@pytest.fixture
def provider() -> Provider:
    return add_provider("Models Inc", "https://models.example.test/v1", secret=OLD)


@pytest.fixture
def key(provider: Provider) -> Credential:
    return provider.credentials.get()


@pytest.fixture
def administrator() -> Client:
    return signed_in(make_administrator())


def change(key: Credential) -> str:
    return reverse("admin:providers_credential_change", args=[key.pk])


def rotation(key: Credential) -> str:
    return reverse("admin:providers_credential_rotate", args=[key.pk])


def form(**fields: str) -> dict[str, str]:
    return {"is_enabled": "on", "priority": "0", "weight": "1", "new_secret": "", **fields}


def text_of(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


class TestHowItStands:
    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({}, ["in use"]),
            (
                {"rests_until": Now() + 2 * HOUR, "rest_reason": "quota"},
                ["resting", "quota used up; until", "(1\xa0hour, 59\xa0minutes)"],
            ),
            ({"rests_until": Now() - HOUR, "rest_reason": "quota"}, ["in use"]),
            ({"retires_at": Now() + HOUR}, ["retires", "a fallback until"]),
            ({"retires_at": Now() - HOUR}, ["retired", "never sent again"]),
            ({"is_enabled": False}, ["switched off"]),
            ({"origin": "https://elsewhere.example.test"}, ["other origin", "enter the key anew"]),
        ],
    )
    def test_is_said_in_the_list_and_on_its_page(self, administrator, key, fields, words):
        Credential.objects.update(**fields)
        for url in (reverse(LIST), change(key)):
            html = text_of(administrator, url)
            for word in words:
                assert word in html, url

    def test_its_provider_says_it_too(self, administrator, provider, key):
        Credential.objects.update(rests_until=Now() + HOUR, rest_reason="quota")
        store_credential(provider, NEW, name="second")
        url = reverse("admin:providers_provider_change", args=[provider.pk])
        html = text_of(administrator, url)
        assert "default …cdef</a> (resting)" in html
        assert "second …3210</a> (in use)" in html

    def test_an_old_key_is_marked(self, administrator, key, settings):
        settings.CREDENTIAL_MAX_AGE_DAYS = 90
        for days, is_old in ((89, False), (92, True)):
            Credential.objects.update(created_at=Now() - dt.timedelta(days=days))
            assert ("time for a new one" in text_of(administrator, change(key))) == is_old
            assert ("bg-orange-100" in text_of(administrator, reverse(LIST))) == is_old
        Credential.objects.update(replaced_at=Now())
        assert "time for a new one" not in text_of(administrator, change(key))

    def test_nobody_is_reminded_where_that_is_off(self, administrator, key, settings):
        settings.CREDENTIAL_MAX_AGE_DAYS = 0
        Credential.objects.update(created_at=Now() - dt.timedelta(days=9999))
        assert "time for a new one" not in text_of(administrator, change(key))
        assert "bg-orange-100" not in text_of(administrator, reverse(LIST))

    def test_its_limits_are_in_the_list(self, administrator, key):
        Credential.objects.update(max_streams=3, requests_per_minute=60)
        assert "3 at once, 60 a minute" in text_of(administrator, reverse(LIST))

    def test_no_page_shows_a_key(self, administrator, key):
        for url in (reverse(LIST), change(key), rotation(key)):
            assert OLD[:12] not in text_of(administrator, url)


class TestSettings:
    def test_are_changed_without_the_key(self, administrator, key):
        given = form(priority="2", weight="5", max_streams="3", requests_per_minute="60")
        assert administrator.post(change(key), given).status_code == 302
        key.refresh_from_db()
        assert (key.priority, key.weight, key.secret) == (2, 5, OLD)
        assert (key.max_streams, key.requests_per_minute) == (3, 60)
        administrator.post(change(key), form())
        key.refresh_from_db()
        assert (key.max_streams, key.requests_per_minute) == (None, None)

    @pytest.mark.parametrize(
        "fields",
        [
            {"weight": "0"},
            {"weight": "-1"},
            {"weight": "99999"},
            {"weight": "NaN"},
            {"priority": "-1"},
            {"priority": ""},
            {"max_streams": "0"},
            {"max_streams": "1e3"},
            {"requests_per_minute": "0"},
            {"requests_per_minute": "99999999999"},
        ],
    )
    def test_that_make_no_sense_are_refused(self, administrator, key, fields):
        assert administrator.post(change(key), form(**fields)).status_code == 200
        key.refresh_from_db()
        assert (key.priority, key.weight, key.max_streams) == (0, 1, None)

    def test_a_second_key_needs_a_name_of_its_own(self, administrator, provider):
        add = reverse("admin:providers_credential_add")
        given = form(provider=str(provider.pk), name="default", new_secret=NEW)
        html = administrator.post(add, given).content.decode()
        assert "There is a key of this name" in html
        assert provider.credentials.get().secret == OLD
        assert administrator.post(add, {**given, "name": "second"}).status_code == 302
        assert provider.credentials.count() == 2

    def test_a_form_that_is_refused_asks_for_the_key_again(self, administrator, provider, key):
        add = reverse("admin:providers_credential_add")
        given = form(provider=str(provider.pk), name="second", new_secret=NEW, weight="0")
        for html in (
            administrator.post(add, given).content.decode(),
            administrator.post(change(key), form(new_secret=NEW, weight="0")).content.decode(),
            administrator.post(rotation(key), {"new_secret": NEW, "overlap": "2"}).content.decode(),
            administrator.post(rotation(key), {"new_secret": OLD, "overlap": "1"}).content.decode(),
        ):
            assert "Enter the key again" in html
            assert NEW not in html
            assert OLD not in html
        again = administrator.post(change(key), form(weight="0")).content.decode()
        assert "Enter the key again" not in again

    def test_the_link_to_add_one_begins_with_a_free_name(self, administrator, provider):
        add = reverse("admin:providers_credential_add")

        def name(of: object) -> str:
            form = administrator.get(f"{add}?provider={of}").context["adminform"].form
            return form["name"].value()

        assert name(provider.pk) == "key 2"
        store_credential(provider, NEW, name="key 2")
        assert name(provider.pk) == "key 3"
        provider.credentials.filter(name="default").update(retires_at=Now())
        assert name(provider.pk) == "default"
        for nonsense in ("", "x", "9" * 400, "00000000-0000-0000-0000-000000000000"):
            assert name(nonsense) == "default"
        assert administrator.get(f"{add}?provider=%00").status_code == 400

    def test_a_new_key_wakes(self, administrator, key):
        Credential.objects.update(rests_until=Now() + HOUR, rest_reason="authentication")
        administrator.post(change(key), form(new_secret=NEW))
        key.refresh_from_db()
        assert (key.secret, key.rests_until) == (NEW, None)


class TestWaking:
    BUTTON = "providers_credential_wake_up"

    def test_a_resting_key_has_a_button(self, administrator, key):
        assert self.BUTTON not in text_of(administrator, change(key))
        Credential.objects.update(rests_until=Now() + HOUR, rest_reason="quota")
        assert self.BUTTON in text_of(administrator, change(key))
        assert administrator.post(change(key), form(**{self.BUTTON: ""})).status_code == 302
        key.refresh_from_db()
        assert (key.rests_until, key.rest_reason) == (None, "")

    def test_saving_alone_does_not_wake(self, administrator, key):
        Credential.objects.update(rests_until=Now() + HOUR, rest_reason="quota")
        administrator.post(change(key), form())
        key.refresh_from_db()
        assert key.is_resting

    def test_several_are_woken_from_the_list(self, administrator, provider, key):
        store_credential(provider, NEW, name="second")
        store_credential(provider, NEW, name="third")
        Credential.objects.update(rests_until=Now() + HOUR, rest_reason="quota")
        chosen = [str(each.pk) for each in provider.credentials.exclude(name="third")]
        given = {"action": "wake_all", "_selected_action": chosen}
        administrator.post(reverse(LIST), given)
        resting = [each.name for each in provider.credentials.all() if each.is_resting]
        assert resting == ["third"]

    def test_a_link_does_not_wake(self, administrator, key):
        Credential.objects.update(rests_until=Now() + HOUR, rest_reason="quota")
        administrator.get(f"{change(key)}?{self.BUTTON}=")
        administrator.get(f"{reverse(LIST)}?action=wake_all&_selected_action={key.pk}")
        key.refresh_from_db()
        assert key.is_resting


class TestRotating:
    def rotate(self, client: Client, key: Credential, **fields: str):
        given = {"new_secret": NEW, "overlap": "24", "seen": "", **fields}
        return client.post(rotation(key), given)

    def test_begins_on_the_page_of_a_key(self, administrator, key):
        assert rotation(key) in text_of(administrator, change(key))

    def test_takes_the_new_key_and_keeps_the_old_one_for_a_while(
        self, administrator, provider, key
    ):
        response = self.rotate(administrator, key)
        new = provider.credentials.get(retires_at=None)
        assert response.status_code == 302
        assert response["Location"] == change(new)
        assert (new.secret, new.name) == (NEW, "default")
        key.refresh_from_db()
        left = key.retires_at - key.created_at
        assert left == pytest.approx(dt.timedelta(hours=24), abs=dt.timedelta(minutes=1))
        entry = LogEntry.objects.latest("action_time")
        assert "Rotated" in entry.change_message
        assert NEW not in str(LogEntry.objects.values())

    def test_at_once_leaves_no_secret_behind(self, administrator, key):
        self.rotate(administrator, key, overlap="0")
        key.refresh_from_db()
        assert key.secret == ""

    @pytest.mark.parametrize(
        "fields",
        [
            {"new_secret": ""},
            {"new_secret": "two\nlines"},
            {"new_secret": "ключ"},
            {"new_secret": "x" * 5000},
            {"overlap": ""},
            {"overlap": "2"},
            {"overlap": "-1"},
            {"overlap": "NaN"},
            {"seen": "yesterday"},
        ],
    )
    def test_bad_input_changes_nothing_and_is_not_repeated(
        self, administrator, provider, key, fields
    ):
        response = self.rotate(administrator, key, **fields)
        assert response.status_code == 200
        html = response.content.decode()
        assert "errorlist" in html or "text-red" in html
        assert NEW not in html
        assert provider.credentials.get().secret == OLD

    def test_the_page_of_yesterday_does_not_undo_what_came_since(
        self, administrator, provider, key
    ):
        store_credential(provider, "sk-theirs-0123456789")
        html = self.rotate(administrator, key).content.decode()
        assert "in the meantime" in html
        assert provider.credentials.get().secret == "sk-theirs-0123456789"

    def test_a_page_that_is_up_to_date_passes_on_what_it_saw(self, administrator, provider, key):
        store_credential(provider, "sk-theirs-0123456789")
        seen = administrator.get(rotation(key)).context["form"]["seen"].value()
        assert self.rotate(administrator, key, seen=seen).status_code == 302
        assert provider.credentials.get(retires_at=None).secret == NEW

    def test_a_key_that_was_rotated_out_is_not_rotated_or_changed(self, administrator, key):
        self.rotate(administrator, key)
        html = text_of(administrator, change(key))
        assert rotation(key) not in html
        assert 'name="new_secret"' not in html
        said = administrator.get(rotation(key), follow=True).content.decode()
        assert "already been replaced" in said
        assert administrator.post(change(key), form(priority="9")).status_code == 403
        assert self.rotate(administrator, key).status_code == 302
        assert Credential.objects.count() == 2

    def test_it_can_be_deleted_before_its_time(self, administrator, provider, key):
        self.rotate(administrator, key)
        delete = reverse("admin:providers_credential_delete", args=[key.pk])
        administrator.post(delete, {"post": "yes"})
        assert provider.credentials.get().secret == NEW

    def test_nobody_else_may(self, provider, key):
        people = [Client(), signed_in(make_person()), signed_in(make_person(is_staff=True))]
        for client in people:
            assert client.get(rotation(key)).status_code in (302, 403)
            assert self.rotate(client, key).status_code in (302, 401, 403)
        assert provider.credentials.get().secret == OLD

    @pytest.mark.parametrize("method", ["put", "delete", "patch"])
    def test_other_methods_are_refused(self, administrator, key, method):
        assert getattr(administrator, method)(rotation(key)).status_code == 405

    @pytest.mark.parametrize("number", ["00000000-0000-0000-0000-000000000000", "x"])
    def test_no_such_key(self, administrator, number):
        url = reverse("admin:providers_credential_rotate", args=[number])
        assert administrator.get(url).status_code in (302, 404)

    def test_needs_the_forms_token(self, key, provider):
        client = Client(enforce_csrf_checks=True)
        client.force_login(make_administrator())
        assert self.rotate(client, key).status_code == 403
        assert provider.credentials.get().secret == OLD


def test_the_list_costs_the_same_for_many(administrator, key, django_assert_max_num_queries):
    administrator.get(reverse(LIST))
    for number in range(20):
        provider = add_provider(f"p{number}", "https://x.example.test/v1")
        store_credential(provider, NEW)
        Credential.objects.update(rests_until=Now() + HOUR, rest_reason="quota")
    with django_assert_max_num_queries(8):
        assert administrator.get(reverse(LIST)).status_code == 200
