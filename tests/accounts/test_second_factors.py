"""Authenticator apps and recovery codes. Passkeys: tests/browser/test_passkeys.py."""

import base64
import hmac
import re
import struct
import time

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import call_command
from django.test import Client

from accounts.access import session_user
from accounts.second_factors import seal_secret
from tests.people import PASSWORD, make_administrator

pytestmark = pytest.mark.django_db
TOTP = "/accounts/2fa/totp/activate/"
STAGE = "/accounts/2fa/authenticate/"


@pytest.fixture(autouse=True)
def house(db):
    return make_administrator()


def code(secret: str, at: float | None = None) -> str:
    """The six digits an authenticator app shows (RFC 6238)."""
    counter = struct.pack(">Q", int((at or time.time()) // 30))
    digest = hmac.digest(base64.b32decode(secret), counter, "sha1")
    offset = digest[-1] & 15
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 10**6:06}"


def sign_in(email: str) -> tuple[Client, object]:
    client = Client()
    return client, client.post("/accounts/login/", {"login": email, "password": PASSWORD})


def confirm_password(client: Client, way_back: str):
    return client.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": way_back})


@pytest.fixture
def enrolled(owner) -> tuple[str, list[str]]:
    """The owner's TOTP secret and recovery codes, made through the pages."""
    client, _ = sign_in(owner.email)
    assert (
        client.get(TOTP)["Location"] == f"/accounts/reauthenticate/?next={TOTP.replace('/', '%2F')}"
    )
    assert confirm_password(client, TOTP)["Location"] == TOTP
    page = client.get(TOTP).content.decode()
    assert 'src="data:image/svg+xml' in page
    secret = re.search(r'value="([A-Z2-7]{32})"', page)[1]
    assert client.post(TOTP, {"code": "000000"}).status_code == 200
    assert not Authenticator.objects.filter(user=owner).exists()
    assert client.post(TOTP, {"code": code(secret)}).status_code == 302
    page = client.get("/accounts/2fa/recovery-codes/").content.decode()
    codes = re.findall(r"\b\d{8}\b", page)
    assert len(codes) == 10
    return secret, codes


def test_signing_in_needs_the_code(owner, enrolled):
    secret, _ = enrolled
    client, response = sign_in(owner.email)
    assert response["Location"] == STAGE
    assert session_user(client.session.session_key) is None, "the password alone is not enough"
    assert client.get("/settings/").status_code == 302
    wrong = client.post(STAGE, {"code": "000000"})
    assert "Incorrect code" in wrong.content.decode()
    # The code of enrolment was used: the next one is it.
    right = client.post(STAGE, {"code": code(secret, time.time() + 30)})
    assert right["Location"] == "/"
    assert session_user(client.session.session_key) == owner


def test_a_code_works_once(owner, enrolled):
    secret, _ = enrolled
    digits = code(secret, time.time() + 30)
    client, _ = sign_in(owner.email)
    assert client.post(STAGE, {"code": digits}).status_code == 302
    client, _ = sign_in(owner.email)
    assert client.post(STAGE, {"code": digits}).status_code == 200


def test_a_recovery_code_works_once(owner, enrolled):
    _, codes = enrolled
    client, _ = sign_in(owner.email)
    assert client.post(STAGE, {"code": codes[3]}).status_code == 302
    client, _ = sign_in(owner.email)
    assert client.post(STAGE, {"code": codes[3]}).status_code == 200
    assert client.post(STAGE, {"code": codes[4]}).status_code == 302


def test_guessing_codes_is_slowed_down(owner, enrolled):
    secret, codes = enrolled
    client, _ = sign_in(owner.email)
    for _ in range(5):
        client.post(STAGE, {"code": "000000"})
    for digits in (code(secret, time.time() + 30), codes[0]):
        assert "Too many attempts" in client.post(STAGE, {"code": digits}).content.decode()


@pytest.mark.parametrize("digits", ["", "\x00", "1" * 10_000, "١٢٣٤٥٦", "12 34 56", "abc", "-1"])
def test_a_code_that_is_none_is_refused(owner, enrolled, digits):
    client, _ = sign_in(owner.email)
    response = client.post(STAGE, {"code": digits})
    assert response.status_code == 200
    assert "errorlist" in response.content.decode()


BROKEN = [
    "",
    "null",
    "[]",
    "{}",
    '"x"',
    "{",
    "\x00",
    '{"id": {}}',
    '{"id": "AA", "rawId": 1, "response": [], "type": null}',
    '{"id": "AA", "rawId": "AA", "type": "public-key", "response": {"userHandle": "!!"}}',
    '{"id": "AA", "rawId": "AA", "type": "public-key", "response": {"clientDataJSON": "AA",'
    ' "authenticatorData": "AA", "signature": "AA", "userHandle": "AAAA"}}',
    '{"id": "AA", "rawId": "AA", "type": "public-key", "response": {"clientDataJSON": "e30",'
    ' "attestationObject": "oA"}}',
    '{"id": "\\ud800"}',
    '{"id": "\\u0000"}',
    "[" * 50_000,
    '{"a":' * 20_000,
    '"' + "x" * 100_000 + '"',
]


@pytest.mark.parametrize("credential", BROKEN, ids=lambda text: text[:40])
def test_a_passkey_that_is_none_is_refused(owner, credential):
    Authenticator.objects.create(user=owner, type="totp", data={"secret": seal_secret("A" * 32)})
    client, _ = sign_in(owner.email)
    assert client.post(STAGE, {"credential": credential}).status_code == 200
    assert session_user(client.session.session_key) is None

    anonymous = Client()
    url = "/accounts/2fa/webauthn/login/"
    anonymous.get(url, headers={"accept": "application/json"})
    assert anonymous.post(url, {"credential": credential})["Location"] == "/accounts/login/"

    client = Client()
    client.force_login(owner)
    url = "/accounts/2fa/webauthn/add/"
    confirm_password(client, url)
    assert "js_data" in client.get(url).content.decode()
    assert client.post(url, {"credential": credential, "name": "k"}).status_code == 200
    assert Authenticator.objects.filter(user=owner).count() == 1


def test_changing_factors_needs_the_password_again(owner, enrolled):
    client = Client()
    client.force_login(owner)
    for url in (
        "/accounts/2fa/totp/deactivate/",
        "/accounts/2fa/recovery-codes/generate/",
        "/accounts/2fa/recovery-codes/",
        "/accounts/2fa/webauthn/add/",
    ):
        response = client.get(url)
        assert response.status_code == 302
        assert response["Location"].startswith("/accounts/reauthenticate/")
    assert Authenticator.objects.filter(user=owner).count() == 2


def test_turning_it_off(owner, enrolled):
    secret, _ = enrolled
    client, _ = sign_in(owner.email)
    client.post(STAGE, {"code": code(secret, time.time() + 30)})
    url = "/accounts/2fa/totp/deactivate/"
    confirm_password(client, url)
    assert client.post(url).status_code == 302
    assert not Authenticator.objects.filter(user=owner).exists()
    assert sign_in(owner.email)[1]["Location"] == "/"


def test_factors_are_ones_own(owner, enrolled, outsider):
    client, _ = sign_in(outsider.email)
    assert client.get("/accounts/2fa/recovery-codes/").status_code in (302, 404)
    confirm_password(client, "/settings/")
    assert client.get("/accounts/2fa/recovery-codes/").status_code == 404
    assert client.get("/accounts/2fa/recovery-codes/download/").status_code == 404
    pk = Authenticator.objects.filter(user=owner).first().pk
    assert client.post(f"/accounts/2fa/webauthn/keys/{pk}/remove/").status_code == 404


def test_the_database_does_not_give_secrets_away(owner, enrolled):
    secret, codes = enrolled
    stored = str(list(Authenticator.objects.values()))
    assert secret not in stored
    assert not [each for each in codes if each in stored]


def test_the_master_key_can_be_changed(owner, enrolled, settings, capsys):
    secret, codes = enrolled
    settings.MASTER_KEY_FALLBACKS = [settings.MASTER_KEY]
    settings.MASTER_KEY = "another-master-key"
    call_command("rotate_master_key")
    assert "mfa_authenticator.data: 2 re-encrypted" in capsys.readouterr().out
    settings.MASTER_KEY_FALLBACKS = []
    client, _ = sign_in(owner.email)
    assert client.post(STAGE, {"code": codes[0]}).status_code == 302
    client, _ = sign_in(owner.email)
    assert client.post(STAGE, {"code": code(secret, time.time() + 30)}).status_code == 302


def test_an_unproven_address_cannot_lock_its_owner_out(outsider, settings):
    settings.MFA_ALLOW_UNVERIFIED_EMAIL = False
    outsider.emailaddress_set.update(verified=False)
    client, _ = sign_in(outsider.email)
    confirm_password(client, TOTP)
    assert client.get(TOTP)["Location"] == "/accounts/2fa/"
