"""Signing in and out, forgetting the password, and what attackers try there."""

import re

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts import actions
from accounts.access import session_user
from tests.people import PASSWORD, make_administrator, signed_in

pytestmark = pytest.mark.django_db
URL = "/accounts/login/"


@pytest.fixture(autouse=True)
def house(db):
    return make_administrator()


def sign_in(client: Client, email: str, password: str = PASSWORD, **fields):
    return client.post(URL, {"login": email, "password": password, **fields})


def signed_in_as(client: Client):
    return session_user(client.session.session_key)


def test_signing_in_and_out(client, owner):
    assert sign_in(client, "Owner@Example.TEST")["Location"] == "/"
    key = client.session.session_key
    assert session_user(key) == owner
    assert UserSession.objects.get(user=owner).session_key == key

    assert client.get("/accounts/logout/").status_code == 200, "asking does not sign out"
    assert session_user(key) == owner
    assert client.post("/accounts/logout/").status_code == 302
    assert session_user(key) is None
    assert not Session.objects.filter(pk=key).exists()
    assert not UserSession.objects.filter(user=owner).exists()


def test_signing_out_of_the_administration_is_signing_out(house):
    client = signed_in(house)
    key = client.session.session_key
    assert client.get("/admin/logout/").status_code == 200
    assert client.post("/admin/logout/").status_code == 302
    assert session_user(key) is None


def test_the_session_before_signing_in_is_not_the_session_after(client, owner):
    client.get(URL)
    session = client.session
    session["planted"] = True
    session.save()
    planted = session.session_key
    sign_in(client, owner.email)
    assert client.session.session_key != planted
    assert session_user(planted) is None


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("owner@example.test", "wrong"),
        ("owner@example.test", ""),
        ("owner@example.test", "nul\x00"),
        ("nobody@example.test", PASSWORD),
        ("", PASSWORD),
        ("owner\x00@example.test", PASSWORD),
        ("a" * 400 + "@example.test", PASSWORD),
        ("owner@example.test" + "x" * 100_000, PASSWORD),
        ("' OR 1=1 --", PASSWORD),
    ],
)
def test_a_wrong_sign_in_is_refused(client, owner, login, password):
    response = sign_in(client, login, password)
    assert response.status_code == 200
    assert "errorlist" in response.content.decode()
    assert signed_in_as(client) is None


def test_a_wrong_password_and_an_unknown_address_are_answered_alike(owner):
    def errors(email):
        page = sign_in(Client(), email, "wrong").content.decode()
        return re.findall(r'<ul class="errorlist.*?</ul>', page, re.DOTALL)

    assert errors(owner.email) == errors("nobody@example.test") != []


def test_a_deactivated_person_is_not_let_in(client, owner):
    actions.deactivate_user(owner)
    response = sign_in(client, owner.email)
    assert signed_in_as(client) is None
    assert response["Location"] == "/accounts/inactive/"
    assert client.get("/accounts/inactive/").status_code == 200


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.test/",
        "//evil.test/",
        "///evil.test",
        "/\\evil.test",
        "\\\\evil.test",
        "https:evil.test",
        "http://testserver@evil.test/",
        "http://testserver.evil.test/",
        "http://localhost/elsewhere",
        "javascript:alert(1)",
        "data:text/html,x",
        "/%09/evil.test",
        "\x00//evil.test",
        " //evil.test",
    ],
)
@pytest.mark.parametrize("how", ["query", "field"])
def test_a_forged_way_back_is_not_taken(client, owner, target, how):
    fields = {"login": owner.email, "password": PASSWORD}
    if how == "query":
        response = client.post(URL, fields, query_params={"next": target})
    else:
        response = client.post(URL, {**fields, "next": target})
    if "\x00" in target and how == "query":
        assert response.status_code == 400
    else:
        assert response.status_code == 302
        assert response["Location"] in ("/", "/%09/evil.test")


def test_the_way_back_is_taken_on_this_host(client, owner):
    assert sign_in(client, owner.email, next="/settings/?a=1")["Location"] == "/settings/?a=1"
    assert client.get(URL + "?next=//evil.test").headers["Location"] == "/"


@pytest.mark.parametrize("host", ["evil.test", "testserver.evil.test", "", "a b", "testserver:x"])
def test_a_forged_host_is_refused(client, owner, host):
    assert client.get(URL, headers={"host": host}).status_code == 400
    assert client.post("/accounts/password/reset/", headers={"host": host}).status_code == 400


class TestRates:
    def wrong(self, address: str = "owner@example.test", **headers):
        client = Client(headers=headers)
        return sign_in(client, address, "wrong").content.decode()

    def test_guessing_one_persons_password_is_slowed_down(self, owner):
        for _ in range(5):
            assert "do not match" in self.wrong()
        assert "Too many attempts" in self.wrong()
        client = Client()
        assert "Too many attempts" in sign_in(client, owner.email).content.decode()
        assert signed_in_as(client) is None

    def test_x_forwarded_for_does_not_help(self, owner):
        for number in range(10):
            self.wrong(f"p{number}@example.test", x_forwarded_for=f"10.0.0.{number}")
        headers = {
            "x_forwarded_for": "10.9.9.9",
            "x_real_ip": "10.9.9.8",
            "forwarded": "for=1.1.1.1",
        }
        assert "Too many attempts" in self.wrong("another@example.test", **headers)

    def test_behind_a_proxy_its_entry_counts_and_not_the_clients(self, settings, owner):
        settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
        for number in range(10):
            self.wrong(f"p{number}@example.test", x_forwarded_for=f"6.6.6.{number}, 10.0.0.1")
        assert "Too many attempts" in self.wrong(
            "q@example.test", x_forwarded_for="1.1.1.1, 10.0.0.1"
        )
        assert "do not match" in self.wrong("r@example.test", x_forwarded_for="10.0.0.1, 10.0.0.2")

    @pytest.mark.parametrize("junk", ["", ",", "x", "1.1.1.1, ", "a" * 5000, "[::1", "1.1.1.1:9:9"])
    def test_junk_from_the_proxy_is_refused_not_an_error(self, settings, owner, junk):
        settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
        response = sign_in(Client(headers={"x_forwarded_for": junk}), owner.email, "wrong")
        assert response.status_code in (200, 403)

    def test_too_many_forms_are_answered_with_a_page(self, client):
        statuses = [client.post(URL, {}).status_code for _ in range(31)]
        assert statuses == [200] * 30 + [429]
        response = client.post(URL, {})
        assert "Too many attempts" in response.content.decode()

    def test_sign_ups_are_limited(self, client):
        statuses = {client.post("/accounts/signup/", {}).status_code for _ in range(21)}
        assert statuses == {200, 429}


class TestForgottenPassword:
    RESET = "/accounts/password/reset/"

    def link(self) -> str:
        [message] = mail.outbox
        [link] = re.findall(r"https?://\S+/password/reset/key/\S+", message.body)
        return link

    def test_the_link_in_the_mail_sets_a_new_password(self, client, owner, settings):
        settings.PUBLIC_URL = "https://chat.example.test"
        elsewhere = signed_in(owner).session.session_key
        response = client.post(self.RESET, {"email": owner.email}, headers={"host": "localhost"})
        assert response.status_code == 302
        assert mail.outbox[0].to == [owner.email]
        assert "localhost" not in mail.outbox[0].body
        link = self.link()
        assert link.startswith("https://chat.example.test/")
        path = link.removeprefix("https://chat.example.test")
        page = client.get(path, follow=True)
        form = page.redirect_chain[-1][0]
        assert client.post(form, {"password1": "12345"}).status_code == 200
        assert session_user(elsewhere) == owner
        assert client.post(form, {"password1": "lighthouse-42"}).status_code == 302
        assert session_user(elsewhere) is None, "whoever else was signed in is no longer"
        assert sign_in(Client(), owner.email).status_code == 200
        assert sign_in(Client(), owner.email, "lighthouse-42").status_code == 302
        assert "used" in Client().get(path).content.decode(), "the link works once"

    def test_an_unknown_address_is_answered_alike(self, owner):
        known = Client().post(self.RESET, {"email": owner.email})
        unknown = Client().post(self.RESET, {"email": "nobody@example.test"})
        assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
        assert "/key/" not in mail.outbox[1].body

    @pytest.mark.parametrize(
        "key",
        ["x", "0-0", "%00-%00", "1-abc", "zzzzzzzzzzzzzzzzzzzzzzzzz-x", "é-é", "a" * 3000 + "-b"],
    )
    def test_a_forged_link_is_refused(self, client, key):
        response = client.get(f"/accounts/password/reset/key/{key}/")
        assert response.status_code in (200, 404)
        assert 'type="password"' not in response.content.decode()

    @pytest.mark.parametrize("email", ["", "x", "a\x00@example.test", "a" * 300 + "@example.test"])
    def test_bad_input(self, client, email):
        response = client.post(self.RESET, {"email": email})
        assert response.status_code == 200
        assert "errorlist" in response.content.decode()
        assert not mail.outbox


@pytest.mark.parametrize("key", ["x", "a:b:c", "MQ:1abc:xyz"])
def test_a_forged_confirmation_link_is_refused(client, key):
    page = client.get(f"/accounts/confirm-email/{key}/")
    assert page.status_code == 200
    assert "expired" in page.content.decode()
    assert client.post(f"/accounts/confirm-email/{key}/").status_code == 404


def test_the_language_and_the_appearance_chosen_elsewhere_come_along(client, owner):
    actions.change_language(owner, "zh-hans")
    actions.change_theme(owner, "dark")
    response = sign_in(client, owner.email)
    assert response.cookies["django_language"].value == "zh-hans"
    assert response.cookies["theme"].value == "dark"


def test_pages_of_this_kind_are_not_cached(client):
    assert "no-store" in client.get(URL)["Cache-Control"]
    assert reverse("account_login") == URL
