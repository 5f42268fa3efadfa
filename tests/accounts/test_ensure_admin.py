"""The administrator that the environment names: `manage.py ensure_admin`."""

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts import actions, first
from accounts.models import User
from tests.people import PASSWORD, make_administrator, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def named(_unnamed, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_EMAIL", "Boss@example.test")
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)


@pytest.fixture(autouse=True)
def _unnamed(monkeypatch):
    monkeypatch.delenv("DJANGO_SUPERUSER_EMAIL", raising=False)
    monkeypatch.delenv("DJANGO_SUPERUSER_PASSWORD", raising=False)


def test_without_the_variables_nobody_is_made_and_the_way_is_printed(settings, capsys):
    settings.PUBLIC_URL = "http://10.1.2.3:8000"
    call_command("ensure_admin")
    assert capsys.readouterr().out == (
        "Make the first account at http://10.1.2.3:8000/accounts/signup/\n"
    )
    settings.SETUP_TOKEN_REQUIRED = True
    call_command("ensure_admin")
    link = capsys.readouterr().out.split()[-1]
    assert link == actions.setup_link()
    assert "?setup=" in link
    assert not User.objects.exists()
    assert not first.is_made()


def test_the_way_is_not_printed_once_there_is_an_administrator(capsys):
    make_administrator()
    call_command("ensure_admin")
    assert capsys.readouterr().out == ""


def test_the_administrator_is_made_once_and_can_sign_in(named, capsys):
    call_command("ensure_admin")
    call_command("ensure_admin")
    boss = User.objects.get()
    assert boss.email == "boss@example.test"
    assert boss.is_staff
    assert boss.is_superuser
    assert boss.emailaddress_set.get().verified
    assert capsys.readouterr().out == "Made the administrator boss@example.test.\n"
    client = Client()
    fields = {"login": boss.email, "password": PASSWORD}
    assert client.post("/accounts/login/", fields)["Location"] == "/"
    assert client.get("/admin/").status_code == 200


def test_it_counts_as_the_first_account(named):
    call_command("ensure_admin")
    Client().post("/accounts/signup/", {"email": "b@example.test", "password1": PASSWORD})
    assert not User.objects.get(email="b@example.test").is_superuser
    actions.deactivate_user(User.objects.get(email="b@example.test"))


def test_an_administrator_there_already_is_left_alone(named):
    there = make_administrator()
    call_command("ensure_admin")
    assert User.objects.get() == there
    assert there.email == "admin@example.test"


def test_a_changed_password_is_not_set_back(named):
    call_command("ensure_admin")
    actions.change_password(User.objects.get(), "lighthouse-42")
    call_command("ensure_admin")
    assert User.objects.get().check_password("lighthouse-42")


def test_with_no_administrator_left_the_account_of_that_address_becomes_one(named):
    person = make_person("boss@example.test", is_active=False)
    call_command("ensure_admin")
    person.refresh_from_db()
    assert User.objects.administrators().get() == person


@pytest.mark.parametrize(
    ("email", "password"),
    [("boss@example.test", ""), ("", PASSWORD), ("boss", PASSWORD), ("boss@example.test", "k7x")],
)
def test_what_cannot_be_is_said(monkeypatch, email, password):
    monkeypatch.setenv("DJANGO_SUPERUSER_EMAIL", email)
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", password)
    with pytest.raises(CommandError) as refusal:
        call_command("ensure_admin")
    assert not User.objects.exists()
    assert password not in str(refusal.value) or not password
