"""Everybody's keys in the administration: seen, made for others, narrowed, rotated, revoked."""

import datetime as dt
import re
import uuid

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts import errors
from accounts.actions import deactivate_user, erase_user
from accounts.api_keys import authenticate, issue_key, revoke_key
from accounts.models import ApiKey, User
from ops.models import AuditEntry
from tests.api.conftest import recently_proven
from tests.people import make_administrator, make_person, signed_in

pytestmark = pytest.mark.django_db
BASE = "admin:accounts_apikey"
LIST, ADD = reverse(f"{BASE}_changelist"), reverse(f"{BASE}_add")
OF_ONE = ["change", "rotate", "revoke", "secret", "delete", "history"]
SECRET = re.compile(r"sk-causerie-[A-Za-z0-9_-]{43}")
HERE = "192.0.2.7"


def of(key: ApiKey, name: str) -> str:
    return reverse(f"{BASE}_{name}", args=[key.pk])


def new(owner: User, **fields) -> dict:
    own = {"owner": str(owner.pk), "name": "a script", "expires_in": "90"}
    return {**own, "client_id": str(uuid.uuid4()), **fields}


def queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as found:
        assert client.get(url).status_code == 200
    return len(found)


@pytest.fixture
def proven(admin) -> Client:
    """An administrator, who may make keys."""
    return recently_proven(admin)


@pytest.fixture
def key(owner) -> ApiKey:
    return issue_key(owner, "a script")[0]


class TestWhoMay:
    def test_nobody_else(self, client, owner, owner_client, key):
        staff = signed_in(make_person("staff@example.test", is_staff=True))
        for somebody in (client, owner_client, recently_proven(owner), staff):
            for url in (LIST, ADD, *(of(key, name) for name in OF_ONE)):
                assert somebody.get(url).status_code in (302, 403), url
                answer = somebody.post(url, new(owner, overlap="0"))
                assert answer.status_code in (302, 401, 403), url
                assert not SECRET.search(answer.content.decode())
        found = ApiKey.objects.get()
        assert (found.revoked_at, found.rotated_at) == (None, None)

    def test_making_and_rotating_need_the_password_again(self, admin_client, owner, key):
        for url in (ADD, of(key, "rotate")):
            for answer in (admin_client.get(url), admin_client.post(url, new(owner, overlap="0"))):
                assert answer.url.startswith("/accounts/reauthenticate/")
        assert ApiKey.objects.get().rotated_at is None

    def test_a_key_is_never_deleted_but_with_its_owner(self, proven, owner, key):
        assert proven.get(of(key, "delete")).status_code == 403
        assert proven.post(of(key, "delete"), {"post": "yes"}).status_code == 403
        chosen = {"action": "delete_selected", "_selected_action": [str(key.pk)], "post": "yes"}
        proven.post(LIST, chosen)
        assert ApiKey.objects.exists()
        erase_user(owner)
        assert not ApiKey.objects.exists()

    @pytest.mark.parametrize("pk", ["x", "9" * 400, str(uuid.UUID(int=7))])
    def test_a_key_that_is_none(self, proven, pk):
        for name in ("change", "rotate", "revoke", "secret"):
            url = reverse(f"{BASE}_{name}", args=[pk])
            assert proven.get(url).status_code == 302
            assert proven.post(url, {"overlap": "0"}).status_code in (302, 403)


class TestList:
    @pytest.fixture
    def four(self, owner, outsider) -> dict[str, ApiKey]:
        keys = {name: issue_key(owner, name)[0] for name in ("working", "expired", "revoked")}
        keys["suspended"] = issue_key(outsider, "suspended")[0]
        past = timezone.now() - dt.timedelta(days=1)
        ApiKey.objects.filter(pk=keys["expired"].pk).update(expires_at=past)
        revoke_key(keys["revoked"])
        deactivate_user(outsider)
        return keys

    @pytest.mark.parametrize("state", ["working", "expired", "revoked", "suspended"])
    def test_by_state(self, admin_client, four, state):
        response = admin_client.get(LIST, {"state": state})
        assert list(response.context["cl"].result_list) == [four[state]]

    def test_by_owner_and_by_their_address(self, admin_client, four, outsider):
        for query in ({"owner__id__exact": str(outsider.pk)}, {"q": "OUTSIDER@"}):
            found = admin_client.get(LIST, query).context["cl"].result_list
            assert list(found) == [four["suspended"]]
        by_end = admin_client.get(LIST, {"q": four["working"].last_four})
        assert four["working"] in by_end.context["cl"].result_list

    @pytest.mark.parametrize(
        "query",
        ["owner__id__exact=x", "owner__id__exact=" + "9" * 400, "state=x", "state=" + "x" * 5000,
         "q=" + "x" * 5000],
    )  # fmt: skip
    def test_nonsense_breaks_nothing(self, admin_client, four, query):
        assert admin_client.get(f"{LIST}?{query}").status_code in (200, 302)

    def test_its_queries_do_not_grow(self, admin_client, owner):
        issue_key(owner, "one")
        few = queries(admin_client, LIST)
        for number in range(60):
            issue_key(make_person() if number % 3 else owner, str(number))
        assert queries(admin_client, LIST) == few <= 7

    def test_the_page_of_a_person_leads_to_their_keys(self, admin_client, owner, key):
        page = admin_client.get(reverse("admin:accounts_user_change", args=[owner.pk]))
        assert f"{LIST}?owner__id__exact={owner.pk}" in page.content.decode()
        assert LIST in admin_client.get(reverse("admin:index")).content.decode()


class TestMaking:
    def test_for_somebody(self, proven, admin, owner, house):
        given = new(
            owner, model_names=["plain-model"], networks="192.0.2.0/24", endpoints=["models"]
        )
        made = proven.post(ADD, given)
        key = ApiKey.objects.get()
        assert made.url == of(key, "secret")
        shown = proven.get(made.url)
        assert "no-store" in shown["Cache-Control"]
        (secret,) = SECRET.findall(shown.content.decode())
        assert f"{reverse('admin:usage_limit_add')}?key={key.pk}" in shown.content.decode()
        assert authenticate(secret, HERE) == key
        assert (key.owner, key.made_by) == (owner, admin)
        assert (key.model_names, key.networks) == (["plain-model"], ["192.0.2.0/24"])
        again = proven.get(made.url, follow=True)
        assert again.redirect_chain == [(of(key, "change"), 302)]
        assert secret not in again.content.decode()
        entry = AuditEntry.objects.get(act="key.issued")
        assert (entry.subject_name, entry.actor) == (str(key), admin.pk)
        assert secret not in str(AuditEntry.objects.values())

    def test_twice_by_one_form_is_once(self, proven, owner):
        given = new(owner)
        first, second = proven.post(ADD, given), proven.post(ADD, given)
        assert first.url == second.url
        assert SECRET.search(proven.get(second.url).content.decode())
        assert ApiKey.objects.count() == AuditEntry.objects.filter(act="key.issued").count() == 1

    def test_another_administrator_does_not_see_it(self, proven, owner):
        url = proven.post(ADD, new(owner)).url
        other = recently_proven(make_administrator("other@example.test"))
        assert not SECRET.search(other.get(url, follow=True).content.decode())
        assert SECRET.search(proven.get(url).content.decode())

    def test_nor_the_owner(self, proven, owner):
        proven.post(ADD, new(owner))
        own = recently_proven(owner)
        url = reverse("api:key-secret", args=[ApiKey.objects.get().pk])
        assert not SECRET.search(own.get(url, follow=True).content.decode())

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("owner", ""), ("owner", "x"), ("owner", "\x00"), ("owner", str(uuid.UUID(int=7))),
            ("name", ""), ("name", "a\x00b"), ("name", "a\x1bb"), ("name", "x" * 81),
            ("endpoints", ["files"]), ("model_names", ["their-model"]), ("model_names", ["\x00"]),
            ("networks", "192.0.2.7/24"), ("networks", "::ffff:192.0.2.7"),
            ("expires_in", "keep"), ("expires_on", "9999-12-31"), ("expires_on", "x"),
            ("client_id", "x"),
        ],
    )  # fmt: skip
    def test_a_mistake_is_told_and_makes_no_key(self, proven, owner, house, field, value):
        response = proven.post(ADD, {**new(owner), field: value})
        assert response.status_code == 200
        assert field in response.context["adminform"].form.errors
        assert not ApiKey.objects.exists()
        assert not AuditEntry.objects.filter(act="key.issued").exists()

    def test_who_is_suspended_gets_none(self, proven, owner):
        deactivate_user(owner)
        assert "owner" in proven.post(ADD, new(owner)).context["adminform"].form.errors

    def test_there_is_an_end_to_them(self, proven, owner, monkeypatch):
        monkeypatch.setattr("accounts.api_keys.MOST_WORKING", 0)
        response = proven.post(ADD, new(owner), follow=True)
        assert str(errors.TooManyKeys.sentence) in response.content.decode()
        assert not ApiKey.objects.exists()


class TestChanging:
    def test_name_and_scope(self, proven, key, owner, outsider):
        given = {"name": "renamed", "expires_in": "30", "endpoints": ["models"],
                 "networks": "192.0.2.0/24", "owner": str(outsider.pk)}  # fmt: skip
        assert proven.post(of(key, "change"), given).status_code == 302
        key.refresh_from_db()
        assert (key.name, key.endpoints, key.networks) == ("renamed", ["models"], ["192.0.2.0/24"])
        assert key.owner == owner
        assert key.expires_at is not None
        until = key.expires_at
        proven.post(of(key, "change"), {"name": "renamed", "expires_in": "keep"})
        key.refresh_from_db()
        assert (key.expires_at, key.endpoints) == (until, [])

    def test_no_page_shows_more_than_the_ends(self, proven, owner):
        key, secret = issue_key(owner, "a script")
        digest = bytes(ApiKey.objects.values_list("digest", flat=True)[0])
        for url in (LIST, *(of(key, name) for name in ("change", "rotate", "revoke", "history"))):
            html = proven.get(url).content.decode()
            for never in (secret, digest.hex(), str(digest)[2:-1], "memory at"):
                assert never not in html

    def test_a_revoked_one_is_only_looked_at(self, proven, key):
        revoke_key(key)
        html = proven.get(of(key, "change")).content.decode()
        assert of(key, "rotate") not in html
        assert 'name="_save"' not in html
        assert proven.post(of(key, "change"), {"name": "x"}).status_code == 403
        for name in ("rotate", "revoke"):
            assert proven.post(of(key, name), {"overlap": "0"}).status_code in (302, 403)
        key.refresh_from_db()
        assert (key.name, key.rotated_at) == ("a script", None)


class TestRotating:
    def test_the_new_secret_is_shown_once(self, proven, owner):
        key, old = issue_key(owner, "a script")
        given = {"overlap": "1", "seen": ""}
        first, second = proven.post(of(key, "rotate"), given), proven.post(of(key, "rotate"), given)
        assert first.url == second.url == of(key, "secret")
        html = proven.get(first.url).content.decode()
        (secret,) = SECRET.findall(html)
        assert authenticate(old, HERE) == authenticate(secret, HERE) == key
        assert f"ends with {old[-4:]}, works too" in html
        assert AuditEntry.objects.filter(act="key.rotated").count() == 1
        assert cache.get(f"api-key-shown-once:{key.pk}") is None

    @pytest.mark.parametrize("overlap", ["", "x", "2", "9" * 400])
    def test_bad_input(self, proven, key, overlap):
        response = proven.post(of(key, "rotate"), {"overlap": overlap})
        assert response.status_code == 200
        assert response.context["form"].errors
        assert ApiKey.objects.get().rotated_at is None


class TestRevoking:
    def test_by_the_button_after_a_question(self, proven, owner):
        key, secret = issue_key(owner, "a script")
        assert of(key, "revoke") in proven.get(of(key, "change")).content.decode()
        assert "cannot be undone" in proven.get(of(key, "revoke")).content.decode()
        assert authenticate(secret, HERE)
        assert proven.post(of(key, "revoke")).status_code == 302
        with pytest.raises(errors.KeyRevoked):
            authenticate(secret, HERE)
        assert AuditEntry.objects.get(act="key.revoked").key == str(key.pk)

    def test_several_from_the_list(self, proven, owner, key):
        other = issue_key(owner, "another")[0]
        revoke_key(other)
        chosen = {"action": "revoke_all", "_selected_action": [str(key.pk), str(other.pk)]}
        asked = proven.post(LIST, chosen).content.decode()
        assert "Revoke 1 key?" in asked
        assert str(key) in asked
        assert str(other) not in asked
        assert ApiKey.objects.working().get() == key
        html = proven.post(LIST, {**chosen, "confirmed": "yes"}, follow=True).content.decode()
        assert "1 key was revoked." in html
        assert not ApiKey.objects.working().exists()
        assert "0 keys were revoked." in proven.post(LIST, chosen, follow=True).content.decode()

    def test_the_question_sends_the_same_choice_again(self, proven, owner, outsider):
        for number in range(25):
            issue_key(owner if number else outsider, f"number {number}")
        of_owner = f"{LIST}?owner__id__exact={owner.pk}"
        one = str(ApiKey.objects.of(owner)[0].pk)
        everything = {"action": "revoke_all", "_selected_action": [one], "select_across": "1"}
        with CaptureQueriesContext(connection) as found:
            asked = proven.post(of_owner, everything)
        assert len(found) <= 9
        html = asked.content.decode()
        assert "Revoke 24 keys?" in html
        assert html.count("(…") == 20
        assert "and 4 more" in html
        proven.post(of_owner, {"confirmed": "yes", **_hidden(html)})
        assert ApiKey.objects.working().get().owner == outsider


def _hidden(html: str) -> dict[str, list[str]]:
    """Return what the page's hidden fields send, but for the token."""
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', html):
        found.setdefault(name, []).append(value)
    return {name: values for name, values in found.items() if name != "csrfmiddlewaretoken"}
