"""Making an account: the first, the others, the refused."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from accounts import actions, errors, first
from accounts.models import FirstAdministrator, User
from tests.people import PASSWORD, make_administrator, make_person

pytestmark = pytest.mark.django_db
URL = "/accounts/signup/"


def form(email="new@example.test", password=PASSWORD, **fields):
    return {"email": email, "password1": password, **fields}


@pytest.fixture
def house(db) -> User:
    """A house that has its administrator."""
    return make_administrator()


def test_the_first_account_becomes_the_administrator_and_is_signed_in(client):
    assert "Make the first account" in client.get(URL).content.decode()
    response = client.post(URL, form("First@Example.Test"))
    assert response.status_code == 302
    assert response["Location"] == "/"
    user = User.objects.get()
    assert user.email == "first@example.test"
    assert user.is_staff
    assert user.is_superuser
    assert client.session["_auth_user_id"] == str(user.pk)
    assert EmailAddress.objects.get(user=user).verified


def test_the_second_account_is_an_ordinary_one(client):
    Client().post(URL, form("first@example.test"))
    assert "Make the first account" not in client.get(URL).content.decode()
    assert client.post(URL, form("second@example.test")).status_code == 302
    second = User.objects.get(email="second@example.test")
    assert not second.is_staff
    assert not second.is_superuser


def test_the_place_of_the_first_stays_taken_when_they_leave(client):
    Client().post(URL, form("first@example.test"))
    User.objects.all().delete()
    client.post(URL, form("second@example.test"))
    assert not User.objects.get().is_superuser


def test_an_administrator_made_by_command_was_the_first(client, house):
    client.post(URL, form())
    assert not User.objects.get(email="new@example.test").is_superuser
    User.objects.filter(is_superuser=True).delete()
    Client().post(URL, form("later@example.test"))
    assert not User.objects.filter(is_superuser=True).exists()


def test_a_sign_up_that_fails_leaves_the_place_free(client):
    make_person("taken@example.test")
    with pytest.raises(errors.AddressTaken):
        actions.sign_up("taken@example.test", PASSWORD)
    assert not FirstAdministrator.objects.filter(made_at__isnull=False).exists()
    client.post(URL, form())
    assert User.objects.get(email="new@example.test").is_superuser


def test_the_database_holds_one_place_only():
    with pytest.raises(IntegrityError), transaction.atomic():
        FirstAdministrator.objects.create(id=2)


def test_claiming_outside_a_transaction_is_refused(transactional_db):
    with pytest.raises(transaction.TransactionManagementError):
        first.claim()


def test_an_address_signs_up_once_whatever_its_case(client, house, outsider):
    response = client.post(URL, form("OUTSIDER@Example.TEST"))
    assert response.status_code == 200
    assert "already signed up" in response.content.decode()
    assert User.objects.count() == 2
    with pytest.raises(errors.AddressTaken):
        actions.sign_up("Outsider@example.test", PASSWORD)
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=outsider.pk).update(email="Outsider@example.test")


def test_an_address_taken_meanwhile_is_told_not_an_error(client, house, monkeypatch):
    """Two forms with one address: both find it free, one comes first."""
    monkeypatch.setattr(
        "allauth.account.internal.flows.manage_email.assess_unique_email",
        lambda email, user=None: True,
    )
    response = client.post(URL, form(house.email))
    assert response.status_code == 200
    assert "already signed up" in response.content.decode()


@pytest.mark.parametrize(
    "fields",
    [
        form(email="not an address"),
        form(email=""),
        form(email="a\x00b@example.test"),
        form(email="a" * 250 + "@example.test"),
        form(email="a@" + "b" * 60 + ".test" * 60),
        form(email="a" * 100_000),
        form(password=""),
        form(password="short"),
        form(password="12345678901"),
        form(password="password"),
        form(password="new@example.test"),
        form(password="nul\x00in-the-middle"),
        form(setup="\x00"),
        form(setup="x" * 500),
        {},
    ],
    ids=lambda fields: repr(fields)[:50],
)
def test_bad_input_makes_no_account(client, house, fields):
    response = client.post(URL, fields)
    assert response.status_code == 200
    assert 'class="errorlist' in response.content.decode()
    assert User.objects.count() == 1


def test_a_password_of_a_megabyte_is_answered(client, house):
    response = client.post(URL, form(password="long-" * 200_000))
    assert response.status_code in (200, 302)


def test_a_body_beyond_the_limit_is_refused(client, house):
    assert client.post(URL, form(password="x" * 6_000_000)).status_code == 413


def test_somebody_signed_in_has_no_use_for_it(owner_client):
    assert owner_client.get(URL).status_code == 302
    assert owner_client.post(URL, form()).status_code == 302
    assert User.objects.count() == 1


def test_other_methods(client, house):
    assert client.put(URL).status_code in (200, 405)
    assert client.delete(URL).status_code == 405


class TestClosed:
    @pytest.fixture(autouse=True)
    def _closed(self, settings):
        settings.SIGNUP_OPEN = False

    def test_the_page_says_so(self, client, house):
        for response in (client.get(URL), client.post(URL, form())):
            assert response.status_code == 403
            assert "Sign-up is closed" in response.content.decode()
        assert User.objects.count() == 1

    def test_the_action_says_so(self, house):
        with pytest.raises(errors.SignUpClosed):
            actions.sign_up("new@example.test", PASSWORD)

    def test_the_first_account_can_still_be_made_and_only_that(self, client):
        assert client.post(URL, form()).status_code == 302
        assert User.objects.get().is_superuser
        assert Client().post(URL, form("b@example.test")).status_code == 403


class TestSetUpLink:
    @pytest.fixture(autouse=True)
    def _reachable_by_others(self, settings):
        settings.SETUP_TOKEN_REQUIRED = True
        settings.PUBLIC_URL = "https://chat.example.test"

    def token(self) -> str:
        link = actions.setup_link()
        found = re.fullmatch(r"https://chat\.example\.test/accounts/signup/\?setup=(\w{64})", link)
        assert found
        return found[1]

    def test_without_it_the_first_account_is_refused(self, client):
        for response in (client.get(URL), client.post(URL, form())):
            assert response.status_code == 403
            assert "needs the set-up link" in response.content.decode()
        with pytest.raises(errors.SetupLinkNeeded):
            actions.sign_up("new@example.test", PASSWORD)
        assert not User.objects.exists()
        assert not first.is_made()

    @pytest.mark.parametrize("wrong", ["", "x", "0" * 64, "é" * 64, "\x00"])
    def test_a_wrong_one_is_refused(self, client, wrong):
        self.token()
        assert client.get(URL, {"setup": wrong}).status_code == (400 if wrong == "\x00" else 403)
        assert client.post(URL, form(setup=wrong)).status_code == 403
        assert not User.objects.exists()

    def test_with_it_the_first_account_is_made(self, client):
        page = client.get(URL, {"setup": self.token()}).content.decode()
        assert f'value="{self.token()}"' in page
        assert client.post(URL, form(setup=self.token())).status_code == 302
        assert User.objects.get().is_superuser

    def test_it_is_used_up_by_the_first_account(self, client):
        token = self.token()
        Client().post(URL, form(setup=token))
        Client().post(URL, form("second@example.test", setup=token))
        assert not User.objects.get(email="second@example.test").is_superuser

    def test_it_stays_the_same_until_used_and_is_stored_nowhere(self):
        assert self.token() == self.token()
        assert self.token() not in str(list(FirstAdministrator.objects.values()))

    def test_another_database_has_another(self):
        before = self.token()
        FirstAdministrator.objects.all().delete()
        assert self.token() != before

    def test_the_sign_in_page_does_not_give_it_away(self, client):
        response = client.get("/accounts/login/")
        assert response.status_code == 200
        assert self.token() not in response.content.decode()


def test_the_sign_in_page_of_an_empty_house_leads_to_the_first_account(client):
    assert client.get("/accounts/login/?next=/settings/")["Location"] == (
        "/accounts/signup/?next=%2Fsettings%2F"
    )


class TestProvenByMail:
    """With a mail server an address is proven first, and who has an account stays secret."""

    @pytest.fixture(autouse=True)
    def _mandatory(self, settings, house):
        settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
        settings.MFA_ALLOW_UNVERIFIED_EMAIL = False

    def test_the_link_in_the_mail_opens_the_account(self, client, settings):
        settings.PUBLIC_URL = "https://chat.example.test"
        response = client.post(URL, form(), headers={"host": "localhost"})
        assert response["Location"] == reverse("account_email_verification_sent")
        assert "_auth_user_id" not in client.session
        [message] = mail.outbox
        [link] = re.findall(r"https?://\S+confirm-email\S+", message.body)
        assert link.startswith("https://chat.example.test/accounts/confirm-email/")
        path = link.removeprefix("https://chat.example.test")
        assert "new@example.test" in client.get(path).content.decode()
        assert client.post(path).status_code == 302
        assert EmailAddress.objects.get(email="new@example.test").verified

    def test_a_taken_address_is_answered_as_a_free_one(self, client, outsider):
        free = Client().post(URL, form())
        taken = client.post(URL, form(outsider.email))
        assert (free.status_code, free["Location"]) == (taken.status_code, taken["Location"])
        assert [each.to for each in mail.outbox] == [["new@example.test"], [outsider.email]]
        assert "already" in mail.outbox[1].body
