"""Signing in and out, failing to, addresses and second factors: recorded, without what is typed."""

import re
import time

import pytest
from allauth.account.models import EmailConfirmationHMAC
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client

from accounts.actions import deactivate_user
from accounts.models import User
from accounts.recorded import MOST_FAILED
from accounts.second_factors import seal_secret
from ops.audit.acts import Act
from tests.accounts.test_second_factors import STAGE, TOTP, code
from tests.people import PASSWORD, make_administrator, signed_in
from tests.trail import recorded, whole_trail

pytestmark = pytest.mark.django_db
LOGIN, AGAIN = "/accounts/login/", "/accounts/reauthenticate/"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
FAILED = Act.SIGN_IN_FAILED


@pytest.fixture(autouse=True)
def house(db) -> User:
    return make_administrator()


def sign_in(user: User, password: str = PASSWORD, **headers: str) -> Client:
    client = Client()
    client.post(LOGIN, {"login": user.email, "password": password}, headers=headers)
    return client


def proven(user: User) -> Client:
    """A browser in which `user` gave their password again just now."""
    client = sign_in(user)
    client.post(AGAIN, {"password": PASSWORD, "next": "/settings/"})
    return client


@pytest.fixture
def app(owner) -> Authenticator:
    data = {"secret": seal_secret(SECRET)}
    return Authenticator.objects.create(user=owner, type="totp", data=data)


class TestSigningIn:
    def test_and_out(self, owner):
        with recorded(Act.SIGNED_IN, Act.SIGNED_OUT) as entries:
            sign_in(owner, user_agent="Firefox/140.0").post("/accounts/logout/")
        for entry in entries:
            assert (entry.actor, entry.actor_name) == (owner.pk, owner.email)
            assert (entry.kind, entry.owner) == ("accounts.user", owner.pk)
            assert (entry.door, entry.address) == ("web", "127.0.0.1")
        assert entries[0].browser == "Firefox/140.0"
        assert [entry.details for entry in entries] == [{"by": ["password"]}, {}]

    def test_out_of_the_administration(self, house):
        client = signed_in(house)
        with recorded(Act.SIGNED_OUT):
            client.post("/admin/logout/")

    def test_a_forged_address_is_not_believed(self, owner, settings):
        with recorded(Act.SIGNED_IN, FAILED) as entries:
            sign_in(owner, x_forwarded_for="6.6.6.6", x_real_ip="6.6.6.6")
            sign_in(owner, "wrong", x_forwarded_for="6.6.6.6")
        assert {entry.address for entry in entries} == {"127.0.0.1"}
        settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
        with recorded(Act.SIGNED_IN) as entries:
            sign_in(owner, x_forwarded_for="6.6.6.6, 10.7.7.7")
        assert entries[0].address == "10.7.7.7"

    def test_with_a_code(self, owner, app):
        with recorded():
            client = sign_in(owner)
        with recorded(Act.SIGNED_IN) as entries:
            client.post(STAGE, {"code": code(SECRET)})
        assert entries[0].details == {"by": ["password", "totp"]}


class TestFailing:
    def test_the_person_is_named_and_nothing_that_was_typed(self, owner):
        with recorded(FAILED) as entries:
            sign_in(owner, "lantern-of-mine")
        [entry] = entries
        assert (entry.actor, entry.owner, entry.key) == (None, owner.pk, str(owner.pk))
        assert (entry.door, entry.address) == ("web", "127.0.0.1")
        assert entry.details == {"by": ["password"]}
        assert "lantern" not in whole_trail()

    @pytest.mark.parametrize("login", ["nobody@example.test", "", "x", "a\x00@example.test"])
    def test_of_an_address_that_nobody_has_nothing_is_recorded(self, client, login):
        with recorded():
            client.post(LOGIN, {"login": login, "password": "wrong"})

    def test_whoever_was_suspended_is_told_of(self, owner):
        deactivate_user(owner)
        with recorded(FAILED) as entries:
            sign_in(owner)
        assert entries[0].details == {"by": ["inactive"]}

    def test_when_asked_again(self, owner):
        client = sign_in(owner)
        with recorded(FAILED) as entries:
            client.post(AGAIN, {"password": "wrong", "next": "/settings/"})
        assert (entries[0].actor, entries[0].owner) == (owner.pk, owner.pk)

    def test_a_wrong_code(self, owner, app):
        client = sign_in(owner)
        with recorded(FAILED) as entries:
            client.post(STAGE, {"code": "000000"})
        assert (entries[0].actor, entries[0].details) == (None, {"by": ["code"]})

    def test_a_wrong_passkey(self, owner, app):
        client = sign_in(owner)
        with recorded(FAILED) as entries:
            client.post(STAGE, {"credential": '{"id": "AA"}'})
        assert (entries[0].owner, entries[0].details) == (owner.pk, {"by": ["webauthn"]})

    def test_who_guesses_does_not_fill_the_trail(self, owner, app):
        with recorded(*[FAILED] * 5):  # allauth lets nobody guess more often
            for _ in range(8):
                sign_in(owner, "wrong")
        cache.clear()
        client = sign_in(owner)
        with recorded(*[FAILED] * (MOST_FAILED - 5)):
            for _ in range(20):
                client.post(STAGE, {"credential": '{"id": "AA"}'})


class TestForgottenPassword:
    def test_a_password_set_by_a_mailed_link(self, client, owner, mailoutbox):
        client.post("/accounts/password/reset/", {"email": owner.email})
        path = re.search(r"/accounts/password/reset/key/\S+", mailoutbox[0].body)[0]
        form = client.get(path, follow=True).redirect_chain[-1][0]
        with recorded(Act.PASSWORD_CHANGED) as entries:
            client.post(form, {"password1": "12345"})
            client.post(form, {"password1": "lighthouse-42"})
        [entry] = entries
        assert (entry.actor, entry.owner, entry.address) == (None, owner.pk, "127.0.0.1")
        assert entry.details == {"by": ["mail"]}
        assert path.split("/")[-2] not in whole_trail()

    def test_ones_own_change(self, owner):
        client = proven(owner)
        with recorded(Act.PASSWORD_CHANGED) as entries:
            for old in ("wrong", PASSWORD):
                form = {"oldpassword": old, "password1": "lighthouse-42"}
                client.post("/accounts/password/change/", form)
        assert (entries[0].actor, entries[0].details) == (owner.pk, {})


class TestAddresses:
    def test_another_one(self, owner, mailoutbox):
        client = proven(owner)
        added = {"email": "new@example.test", "action_add": ""}
        with recorded(Act.EMAIL_ADDED, Act.EMAIL_CONFIRMED, Act.EMAIL_CHANGED) as entries:
            client.post("/accounts/email/", added)
            link = re.search(r"/accounts/confirm-email/\S+", mailoutbox[-1].body)[0]
            client.post(link)
        assert {(entry.actor, entry.owner) for entry in entries} == {(owner.pk, owner.pk)}
        assert entries[0].details == {}
        assert link.split("/")[-2] not in whole_trail()

    def test_one_thought_better_of(self, owner):
        client = proven(owner)
        with recorded(Act.EMAIL_ADDED, Act.EMAIL_REMOVED):
            client.post("/accounts/email/", {"email": "new@example.test", "action_add": ""})
            client.post("/accounts/email/", {"email": "new@example.test", "action_remove": ""})
        assert "new@example.test" not in whole_trail()

    def test_the_first_one_is_confirmed_and_not_changed(self, client, outsider):
        [address] = outsider.emailaddress_set.all()
        address.verified = False
        address.save()
        key = EmailConfirmationHMAC(address).key
        with recorded(Act.EMAIL_CONFIRMED) as entries:
            client.post(f"/accounts/confirm-email/{key}/")
        assert (entries[0].actor, entries[0].owner) == (None, outsider.pk)


class TestFactors:
    def test_an_app_comes_with_recovery_codes_and_goes_with_them(self, owner):
        client = proven(owner)
        secret = re.search(r'value="([A-Z2-7]{32})"', client.get(TOTP).content.decode())[1]
        with recorded(*[Act.FACTOR_ADDED] * 2, *[Act.FACTOR_REMOVED] * 2) as entries:
            client.post(TOTP, {"code": "000000"})
            client.post(TOTP, {"code": code(secret)})
            client.post("/accounts/2fa/totp/deactivate/")
        factors = [entry.details["factor"] for entry in entries]
        assert factors == ["totp", "recovery_codes"] * 2
        assert {(entry.actor, entry.owner) for entry in entries} == {(owner.pk, owner.pk)}
        assert secret not in whole_trail()

    def test_other_recovery_codes_and_their_use(self, owner, app):
        client = sign_in(owner)
        client.post(STAGE, {"code": code(SECRET)})
        client.post(AGAIN, {"password": PASSWORD, "next": "/settings/"})
        with recorded(Act.FACTOR_ADDED, Act.FACTOR_REMOVED, Act.FACTOR_ADDED):
            for _ in range(2):
                client.post("/accounts/2fa/recovery-codes/generate/")
        page = client.get("/accounts/2fa/recovery-codes/").content.decode()
        codes = re.findall(r"\b\d{8}\b", page)
        client = sign_in(owner)
        with recorded(Act.FACTOR_CHANGED, Act.SIGNED_IN) as entries:
            client.post(STAGE, {"code": codes[3]})
        assert entries[0].details == {"factor": "recovery_codes", "left": len(codes) - 1}
        assert {entry.actor for entry in entries} == {owner.pk}
        assert entries[1].details == {"by": ["password", "recovery_codes"]}
        assert codes[3] not in whole_trail()

    def test_one_removed_by_an_administrator(self, house, owner, app):
        client = signed_in(house)
        form = {"name": owner.name}
        for name, rows in (("emailaddress", 0), ("authenticator", 1), ("usersession", 0)):
            form |= {f"{name}_set-TOTAL_FORMS": rows, f"{name}_set-INITIAL_FORMS": rows}
        prefix = "authenticator_set-0-"
        form |= {f"{prefix}id": app.pk, f"{prefix}user": owner.pk, f"{prefix}DELETE": "on"}
        with recorded(Act.FACTOR_REMOVED) as entries:
            client.post(f"/admin/accounts/user/{owner.pk}/change/", form)
        [entry] = entries
        assert (entry.actor, entry.owner) == (house.pk, owner.pk)
        assert entry.details == {"factor": "totp"}

    def test_those_of_the_erased_are_not_told_of(self, house, owner, app):
        client = signed_in(house)
        with recorded(Act.PERSON_ERASED):
            client.post(f"/admin/accounts/user/{owner.pk}/delete/", {"post": "yes"})

    def test_naming_one_or_looking_at_codes_is_not_recorded(self, owner, app):
        client = sign_in(owner)
        with recorded(Act.SIGNED_IN):
            client.post(STAGE, {"code": code(SECRET, time.time() + 30)})
        with recorded():
            app.refresh_from_db()
            app.data["name"] = "x"
            app.save()
