"""Whose session it is, and what a request without a person is answered."""

import datetime

import pytest
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.access import session_user
from accounts.sessions import SessionStore
from tests.people import signed_in

pytestmark = pytest.mark.django_db
PAGE = "/settings/"
HTMX = {"hx-request": "true"}


def test_a_good_session_is_its_person(owner):
    assert session_user(signed_in(owner).session.session_key) == owner


@pytest.mark.parametrize(
    "key",
    [None, "", "short", "x" * 32, "A" * 32, "\x00" * 32, "é" * 32, "\ud800" * 32, "a" * 100_000],
)
def test_a_key_that_is_no_session_is_nobody(key):
    assert session_user(key) is None


def test_an_expired_session_is_nobody(owner):
    key = signed_in(owner).session.session_key
    Session.objects.filter(pk=key).update(
        expire_date=timezone.now() - datetime.timedelta(seconds=1)
    )
    assert session_user(key) is None


def test_a_session_without_a_person_is_nobody():
    session = SessionStore()
    session["cart"] = 1
    session.save()
    assert session_user(session.session_key) is None


@pytest.mark.parametrize("value", ["not a uuid", "00000000-0000-0000-0000-000000000000", 7, None])
def test_a_session_of_a_broken_or_unknown_person_is_nobody(owner, value):
    session = signed_in(owner).session
    session["_auth_user_id"] = value
    session.save()
    assert session_user(session.session_key) is None


def test_a_session_of_another_way_to_sign_in_is_nobody(owner):
    session = signed_in(owner).session
    session["_auth_user_backend"] = "django.contrib.auth.backends.ModelBackend"
    session.save()
    assert session_user(session.session_key) is None


def test_looking_neither_renews_nor_ends_a_session_signed_with_an_older_key(owner, settings):
    key = signed_in(owner).session.session_key
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a-new-key-" * 5
    assert session_user(key) == owner
    settings.SECRET_KEY_FALLBACKS = []
    assert session_user(key) is None
    assert Session.objects.filter(pk=key).exists()


def test_a_page_sends_the_anonymous_to_sign_in_and_back(client):
    response = client.get(PAGE + "?a=1&b=2")
    assert response.status_code == 302
    assert response["Location"] == "/accounts/login/?next=/settings/%3Fa%3D1%26b%3D2"


def test_an_unknown_page_is_not_found(client):
    assert client.get("/there-is-no-such-page/").status_code == 404


def test_a_form_of_the_anonymous_keeps_its_text_and_leads_back_to_its_page(client):
    response = client.post(
        reverse("accounts:name-change"),
        {"text": "<b>Half a novel</b>"},
        headers={"referer": "http://testserver/settings/?tab=1"},
    )
    page = response.content.decode()
    assert response.status_code == 401
    assert "&lt;b&gt;Half a novel&lt;/b&gt;" in page
    assert "/accounts/login/?next=/settings/%3Ftab%3D1" in page


def test_htmx_is_answered_401_and_keeps_its_page(client):
    response = client.post(reverse("accounts:name-change"), headers=HTMX)
    assert response.status_code == 401
    assert response["Content-Type"].startswith("text/plain")
    assert "HX-Redirect" not in response
    assert "Location" not in response


def test_a_script_is_answered_401(client):
    response = client.get(PAGE, headers={"accept": "application/json"})
    assert response.status_code == 401
    assert "Location" not in response


@pytest.mark.parametrize(
    "page",
    [
        "https://evil.test/x",
        "//evil.test",
        "javascript:alert(1)//evil",
        "http://testserver:99@evil.test/",
        "\\\\evil.test",
        "http:///evil.test",
        "http://[evil",
        "",
    ],
)
def test_a_forged_page_is_not_the_way_back(client, page):
    response = client.post(reverse("accounts:name-change"), headers={"referer": page})
    assert response.status_code == 401
    assert "/accounts/login/?next=/&quot;" in response.content.decode().replace('"', "&quot;")
    assert "evil" not in response.content.decode()


def test_an_expired_session_on_an_open_page(owner):
    client = signed_in(owner)
    Session.objects.all().delete()
    assert client.get(PAGE).status_code == 302
    assert client.post(reverse("accounts:name-change"), headers=HTMX).status_code == 401


def test_an_outdated_form_of_an_expired_session_is_led_to_sign_in_too(db):
    client = Client(enforce_csrf_checks=True)
    assert client.post(reverse("accounts:name-change"), headers=HTMX).status_code == 401
    response = client.post(reverse("accounts:name-change"), {"text": "kept"})
    assert response.status_code == 401
    assert "kept" in response.content.decode()


def test_an_outdated_form_of_a_signed_in_person_is_refused_with_its_text(owner):
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    response = client.post(reverse("accounts:name-change"), {"text": "Half a novel"})
    assert response.status_code == 403
    assert "reload the page" in response.content.decode()
    assert "Half a novel" in response.content.decode()


def test_an_outdated_sign_in_form_is_refused_as_such():
    response = Client(enforce_csrf_checks=True).post(reverse("account_login"), {"login": "x"})
    assert response.status_code == 403
    assert "reload the page" in response.content.decode()


@pytest.mark.parametrize(
    "cookie", ['"\\000\\000\\000\\000\\000\\000\\000\\000"', "é" * 40, "x" * 8, '"', "\x7f" * 32]
)
def test_a_forged_session_cookie_is_nobody(client, cookie):
    client.cookies[django_settings.SESSION_COOKIE_NAME] = "x"
    client.cookies[django_settings.SESSION_COOKIE_NAME].set("sessionid", cookie, cookie)
    assert client.get(PAGE).status_code == 302
