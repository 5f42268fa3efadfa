"""What one can change about oneself, and nobody else can."""

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from accounts.access import session_user
from accounts.models import User
from tests.people import PASSWORD, make_administrator

pytestmark = pytest.mark.django_db
SHOW = "/settings/"
NAME = "/settings/name/"
LANGUAGE = "/settings/language/"
THEME = "/settings/theme/"
ERASE = "/settings/erase/"
SESSIONS = "/accounts/sessions/"

# Every page of a signed-in person, and what an anonymous request gets.
PAGES = [
    SHOW,
    ERASE,
    SESSIONS,
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/reauthenticate/",
    "/accounts/2fa/",
    "/accounts/2fa/totp/activate/",
    "/accounts/2fa/totp/deactivate/",
    "/accounts/2fa/recovery-codes/",
    "/accounts/2fa/recovery-codes/generate/",
    "/accounts/2fa/recovery-codes/download/",
    "/accounts/2fa/webauthn/",
    "/accounts/2fa/webauthn/add/",
    "/accounts/2fa/webauthn/keys/1/edit/",
    "/accounts/2fa/webauthn/keys/1/remove/",
]


def browser(user: User) -> Client:
    client = Client()
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    return client


@pytest.mark.parametrize("url", PAGES)
def test_the_anonymous_see_none_of_it(client, url):
    response = client.get(url)
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")
    assert client.post(url).status_code == 401


@pytest.mark.parametrize(
    "url",
    [
        SHOW,
        SESSIONS,
        "/accounts/email/",
        "/accounts/password/change/",
        "/accounts/2fa/",
        "/accounts/logout/",
    ],
)
def test_the_owner_sees_it_and_needs_no_script_or_style_within_it(owner_client, url):
    response = owner_client.get(url)
    page = response.content.decode()
    assert response.status_code == 200
    assert " style=" not in page
    assert " onclick=" not in page
    assert page.count("<h1") == 1


class TestName:
    def test_the_owner(self, owner_client, owner):
        assert owner_client.post(NAME, {"name": "  Olive   O. "})["Location"] == SHOW
        owner.refresh_from_db()
        assert owner.name == "Olive O."

    def test_an_outsider_changes_only_their_own(self, outsider_client, owner):
        outsider_client.post(NAME, {"name": "x", "id": str(owner.pk), "email": owner.email})
        owner.refresh_from_db()
        assert owner.name == "Olive Owner"

    def test_what_else_is_sent_is_not_taken(self, owner_client, owner):
        owner_client.post(NAME, {"name": "x", "is_superuser": "on", "is_staff": "1"})
        owner.refresh_from_db()
        assert not owner.is_superuser
        assert not owner.is_staff

    @pytest.mark.parametrize("name", ["a\x00b", "x" * 81, "x" * 100_000])
    def test_bad_input(self, owner_client, owner, name):
        response = owner_client.post(NAME, {"name": name})
        assert response.status_code == 422
        assert "errorlist" in response.content.decode()
        owner.refresh_from_db()
        assert owner.name == "Olive Owner"

    def test_a_name_is_text_and_no_markup(self, owner_client):
        owner_client.post(NAME, {"name": "<script>alert(1)</script>"})
        assert "<script>alert" not in owner_client.get(SHOW).content.decode()

    def test_other_methods(self, owner_client):
        assert owner_client.get(NAME).status_code == 405
        assert owner_client.delete(NAME).status_code == 405


@pytest.mark.parametrize(
    ("url", "field", "value", "cookie"),
    [
        (LANGUAGE, "language", "zh-hans", "django_language"),
        (THEME, "theme", "dark", "theme"),
    ],
)
class TestPreferences:
    def test_the_owner(self, owner_client, owner, url, field, value, cookie):
        response = owner_client.post(url, {field: value, "next": "/settings/"})
        assert response["Location"] == "/settings/"
        assert response.cookies[cookie].value == value
        owner.refresh_from_db()
        assert getattr(owner, field) == value

    def test_the_anonymous_get_it_for_this_browser(self, client, url, field, value, cookie):
        response = client.post(url, {field: value})
        assert response.status_code == 302
        assert response.cookies[cookie].value == value

    def test_an_outsider_does_not_change_it_for_others(
        self, outsider_client, owner, url, field, value, cookie
    ):
        outsider_client.post(url, {field: value, "id": str(owner.pk)})
        owner.refresh_from_db()
        assert getattr(owner, field) != value

    @pytest.mark.parametrize("wrong", ["", "xx", "\x00", "../../etc", "x" * 10_000])
    def test_bad_input(self, owner_client, url, field, value, cookie, wrong):
        response = owner_client.post(url, {field: wrong})
        assert response.status_code == 422
        assert not response.cookies

    @pytest.mark.parametrize("target", ["//evil.test", "https://evil.test/", "/\\evil.test"])
    def test_a_forged_way_back(self, client, url, field, value, cookie, target):
        assert client.post(url, {field: value, "next": target})["Location"] == "/"

    def test_a_script_gets_no_page(self, owner_client, url, field, value, cookie):
        response = owner_client.post(url, {field: value}, headers={"accept": "application/json"})
        assert response.status_code == 204

    def test_other_methods(self, owner_client, url, field, value, cookie):
        assert owner_client.get(url).status_code == 405


def test_pages_speak_the_language_chosen(owner_client):
    owner_client.post(LANGUAGE, {"language": "zh-hans"})
    assert '<html lang="zh-hans"' in owner_client.get(SHOW).content.decode()
    owner_client.post(LANGUAGE, {"language": "en"})
    assert '<html lang="en"' in owner_client.get(SHOW).content.decode()


class TestSessions:
    def test_they_are_listed_without_their_keys(self, owner):
        here, there = browser(owner), browser(owner)
        page = here.get(SESSIONS).content.decode()
        assert page.count('id="session-') == 2
        assert there.session.session_key not in page
        assert here.session.session_key not in page

    def test_ending_one(self, owner):
        here, there = browser(owner), browser(owner)
        key = there.session.session_key
        pk = UserSession.objects.get(session_key=key).pk
        assert here.post(f"/settings/sessions/{pk}/end/")["Location"] == SESSIONS
        assert session_user(key) is None
        assert session_user(here.session.session_key) == owner
        assert here.post(f"/settings/sessions/{pk}/end/").status_code == 404

    def test_ending_the_one_in_use_is_signing_out(self, owner):
        here = browser(owner)
        key = here.session.session_key
        pk = UserSession.objects.get(session_key=key).pk
        assert here.post(f"/settings/sessions/{pk}/end/")["Location"] == "/accounts/login/"
        assert session_user(key) is None

    def test_ending_all_others(self, owner, outsider):
        here, others, foreign = (
            browser(owner),
            [browser(owner) for _ in range(3)],
            browser(outsider),
        )
        keys = [other.session.session_key for other in others]
        assert here.post(SESSIONS).status_code == 302
        assert [session_user(key) for key in keys] == [None] * 3
        assert session_user(here.session.session_key) == owner
        assert session_user(foreign.session.session_key) == outsider

    def test_an_outsider_cannot_end_it_and_does_not_learn_of_it(self, owner, outsider_client):
        key = browser(owner).session.session_key
        pk = UserSession.objects.get(session_key=key).pk
        assert outsider_client.post(f"/settings/sessions/{pk}/end/").status_code == 404
        assert session_user(key) == owner

    def test_not_even_an_administrator_here(self, owner, admin_client):
        pk = UserSession.objects.get(session_key=browser(owner).session.session_key).pk
        assert admin_client.post(f"/settings/sessions/{pk}/end/").status_code == 404

    @pytest.mark.parametrize("pk", ["0", "9" * 30])
    def test_one_that_is_none(self, owner_client, pk):
        assert owner_client.post(f"/settings/sessions/{pk}/end/").status_code == 404

    def test_the_anonymous_and_other_methods(self, client, owner_client):
        assert client.post("/settings/sessions/1/end/").status_code == 401
        assert owner_client.get("/settings/sessions/1/end/").status_code == 405


class TestPassword:
    URL = "/accounts/password/change/"

    def test_a_new_one_keeps_this_browser_and_ends_the_others(self, owner):
        here, there = browser(owner), browser(owner)
        other = there.session.session_key
        fields = {"oldpassword": PASSWORD, "password1": "lighthouse-42"}
        assert here.post(self.URL, fields)["Location"] == SHOW
        assert session_user(other) is None
        assert session_user(here.session.session_key) == owner
        assert here.get(SESSIONS).content.decode().count('id="session-') == 1

    @pytest.mark.parametrize(
        ("old", "new"), [("wrong", "lighthouse-42"), (PASSWORD, "short"), (PASSWORD, ""), ("", "")]
    )
    def test_bad_input(self, owner, old, new):
        here = browser(owner)
        response = here.post(self.URL, {"oldpassword": old, "password1": new})
        assert response.status_code == 200
        owner.refresh_from_db()
        assert owner.check_password(PASSWORD)


class TestEmail:
    URL = "/accounts/email/"

    def change(self, client, address):
        client.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": self.URL})
        return client.post(self.URL, {"email": address, "action_add": ""})

    def follow_the_link(self, client, mailoutbox):
        url = next(w for w in mailoutbox[-1].body.split() if "confirm-email" in w)
        return client.post("/" + url.split("/", 3)[3])

    def test_it_changes_when_the_link_is_opened(self, owner, mailoutbox):
        client = browser(owner)
        assert self.change(client, "New@example.test").status_code == 302
        owner.refresh_from_db()
        assert owner.email == "owner@example.test"
        assert mailoutbox[-1].to == ["new@example.test"]
        assert self.follow_the_link(client, mailoutbox).status_code == 302
        owner.refresh_from_db()
        assert owner.email == "new@example.test"
        assert browser(owner).session.session_key

    def test_somebody_elses_address_is_not_taken_even_with_its_link(
        self, owner, outsider, mailoutbox
    ):
        outsider.emailaddress_set.update(verified=False)
        client = browser(owner)
        self.change(client, outsider.email)
        response = self.follow_the_link(client, mailoutbox)
        assert response.status_code in (200, 302)
        owner.refresh_from_db()
        assert owner.email == "owner@example.test"

    @pytest.mark.parametrize(
        "address",
        ["", "x", "a\x00@example.test", "a" * 260 + "@example.test", "owner@example.test"],
    )
    def test_bad_input(self, owner, mailoutbox, address):
        assert self.change(browser(owner), address).status_code == 200
        assert not mailoutbox


class TestErase:
    def confirmed(self, user: User) -> Client:
        client = browser(user)
        client.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": ERASE})
        return client

    def test_it_needs_the_password_again(self, owner):
        client = browser(owner)
        response = client.get(ERASE)
        assert response["Location"].startswith("/accounts/reauthenticate/")
        assert client.post(ERASE, {"email": owner.email}).status_code == 302
        wrong = client.post("/accounts/reauthenticate/", {"password": "no", "next": ERASE})
        assert wrong.status_code == 200
        assert User.objects.filter(pk=owner.pk).exists()

    def test_it_is_all_gone(self, owner, outsider):
        client, other = self.confirmed(owner), browser(owner)
        assert "cannot be brought back" in client.get(ERASE).content.decode()
        key = other.session.session_key
        assert (
            client.post(ERASE, {"email": "OWNER@example.test "})["Location"] == "/accounts/login/"
        )
        assert not User.objects.filter(pk=owner.pk).exists()
        assert session_user(key) is None
        assert not Session.objects.filter(pk=key).exists()
        assert User.objects.filter(pk=outsider.pk).exists()
        assert client.get(SHOW).status_code == 302
        assert client.get("/accounts/login/").status_code in (200, 302)

    @pytest.mark.parametrize("typed", ["", "outsider@example.test", "\x00", "x" * 5000])
    def test_a_wrong_address_erases_nobody(self, owner, outsider, typed):
        assert self.confirmed(owner).post(ERASE, {"email": typed}).status_code == 422
        assert User.objects.count() == 2

    def test_the_only_administrator_stays(self, admin):
        response = self.confirmed(admin).post(ERASE, {"email": admin.email})
        assert response.status_code == 422
        assert "only administrator" in response.content.decode()
        assert User.objects.filter(pk=admin.pk).exists()
        make_administrator("second@example.test")
        assert self.confirmed(admin).post(ERASE, {"email": admin.email}).status_code == 302

    def test_other_methods(self, owner):
        assert self.confirmed(owner).delete(ERASE).status_code == 405


def test_every_own_url_is_known_by_name():
    names = ["settings-show", "name-change", "language-change", "theme-change", "account-erase"]
    urls = [reverse(f"accounts:{name}") for name in names]
    assert urls == [SHOW, NAME, LANGUAGE, THEME, ERASE]
