"""Changing one's address: whatever is pressed, everybody keeps one to sign in with."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client

from accounts.actions import ask_for_email
from accounts.models import User
from tests.people import PASSWORD, make_administrator, make_person, signed_in

URL = "/accounts/email/"
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_no_rates_used")]


@pytest.fixture(params=["none", "mandatory"], autouse=True)
def asked(request, settings) -> str:
    """Whether addresses are proven: without a mail server they are not."""
    settings.ACCOUNT_EMAIL_VERIFICATION = request.param
    return request.param


def unproven(email: str) -> User:
    """Somebody who signed up while no address had to be proven."""
    user = make_person(email)
    user.emailaddress_set.update(verified=False)
    return user


def without_row(email: str) -> User:
    user = make_person(email)
    user.emailaddress_set.all().delete()
    return user


WAYS = {"proven": make_person, "unproven": unproven, "without a row": without_row}


@pytest.fixture(params=WAYS)
def anybody(request) -> User:
    return WAYS[request.param]("mine@example.test")


def proven(user: User) -> Client:
    client = signed_in(user)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": URL})
    return client


def press(client: Client, button: str, email: str) -> str:
    form = {"email": email, f"action_{button}": ""}
    return client.post(URL, form, follow=True).content.decode()


def link_to(email: str, mailoutbox) -> str:
    [message] = [each for each in mailoutbox if each.to == [email]]
    return re.search(r"/accounts/confirm-email/\S+", message.body)[0]


def addresses(user: User) -> set[str]:
    return set(user.emailaddress_set.values_list("email", flat=True))


def test_who_signed_up_without_a_mail_server_changes_their_mind(client, settings):
    settings.ACCOUNT_EMAIL_VERIFICATION = "none"
    make_administrator()
    for name in ("one", "two"):  # of whom the second found the empty address taken
        here, email = Client(), f"{name}@example.test"
        here.post("/accounts/signup/", {"email": email, "password1": PASSWORD})
        here.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": URL})
        press(here, "add", f"{name}@other.test")
        press(here, "remove", f"{name}@other.test")
        assert addresses(User.objects.get(email=email)) == {email}
        again = Client().post("/accounts/login/", {"login": email, "password": PASSWORD})
        assert again.status_code == 302


def test_whatever_is_pressed_the_address_stays(anybody):
    client = proven(anybody)
    for button in ("add", "remove", "primary", "send", "remove", "add", "primary", "add", "remove"):
        for email in ("mine@example.test", "b@example.test", "c@example.test"):
            press(client, button, email)
            anybody.refresh_from_db()
            assert anybody.email == "mine@example.test"
            assert anybody.email in addresses(anybody)
    assert len(addresses(anybody)) <= 2


def test_the_link_changes_it(anybody, mailoutbox):
    client = proven(anybody)
    press(client, "add", "b@example.test")
    press(client, "add", "c@example.test")
    client.post(link_to("b@example.test", mailoutbox))  # another was asked for meanwhile
    anybody.refresh_from_db()
    assert anybody.email == "mine@example.test"
    client.post(link_to("c@example.test", mailoutbox))
    anybody.refresh_from_db()
    assert anybody.email == "c@example.test"
    [address] = anybody.emailaddress_set.all()
    assert (address.email, address.verified, address.primary) == ("c@example.test", True, True)


def test_only_the_link_does(anybody):
    client = proven(anybody)
    press(client, "add", "b@example.test")
    press(client, "primary", "b@example.test")
    anybody.refresh_from_db()
    assert anybody.email == "mine@example.test"


def test_the_page_says_what_one_signs_in_with_and_what_was_asked_for(anybody):
    client = proven(anybody)
    page = client.get(URL).content.decode()
    assert "You sign in as <strong>mine@example.test</strong>" in page
    assert "A link was sent" not in page
    page = press(client, "add", "b@example.test")
    assert "You sign in as <strong>mine@example.test</strong>" in page
    assert "A link was sent to <strong>b@example.test</strong>" in page
    assert "A link was sent" not in press(client, "remove", "b@example.test")


def test_nobody_touches_anothers(anybody, outsider):
    press(proven(anybody), "add", "b@example.test")
    client = proven(outsider)
    for button in ("remove", "primary", "send"):
        for email in addresses(anybody):
            press(client, button, email)
    assert addresses(anybody) == {"mine@example.test", "b@example.test"}
    assert addresses(outsider) == {outsider.email}


def test_the_anonymous_touch_none(client, anybody):
    before = addresses(anybody)
    for button in ("add", "remove", "primary"):
        form = {"email": anybody.email, f"action_{button}": ""}
        assert client.post(URL, form).status_code == 401
    assert addresses(anybody) == before


def test_asking_twice_for_one_is_asking_once(owner):
    first = ask_for_email(owner, "b@example.test")
    assert ask_for_email(owner, "b@example.test") == first


def test_the_database_refuses_an_empty_one(owner):
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=owner.pk).update(email="")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("asked", ["none"], indirect=True)
@pytest.mark.parametrize(
    ("wanted", "found"),
    [("b@example.test", "b@example.test"), ("taken@example.test", None), (None, None)],
)
def test_who_lost_theirs_gets_one_back(wanted, found):
    make_person("taken@example.test")
    lost = without_row("lost@example.test")
    if wanted:
        EmailAddress.objects.create(user=lost, email=wanted)
    try:
        call_command("migrate", "accounts", "0003", verbosity=0, interactive=False)
        User.objects.filter(pk=lost.pk).update(email="")
    finally:
        call_command("migrate", verbosity=0, interactive=False)
    lost.refresh_from_db()
    assert lost.email == (found or f"{lost.pk}@lost.invalid")
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, User._meta.db_table)
    assert "user_email_is_not_empty" in constraints
