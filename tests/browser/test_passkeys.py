"""Passkeys in a real Chromium, with a virtual authenticator (WebAuthn's part of the protocol)."""

import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from playwright.sync_api import BrowserContext, Page, expect

from accounts.models import User
from ops.audit.acts import Act
from tests.people import PASSWORD, make_administrator, make_person
from tests.trail import recorded

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


class Key:
    """A key in the computer, with a fingerprint that always fits."""

    def __init__(self, context: BrowserContext, page: Page) -> None:
        self.session = context.new_cdp_session(page)
        self.session.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        added = self.session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self.id = added["authenticatorId"]

    def credentials(self) -> list[dict[str, Any]]:
        found = self.session.send("WebAuthn.getCredentials", {"authenticatorId": self.id})
        return found["credentials"]

    def refuse(self) -> None:
        whose = {"authenticatorId": self.id, "isUserVerified": False}
        self.session.send("WebAuthn.setUserVerified", whose)


@pytest.fixture
def person() -> User:
    make_administrator()
    return make_person("owner@example.test")


@pytest.fixture
def key(context: BrowserContext, page: Page, complaints: list[str]) -> Key:
    return Key(context, page)


def sign_in(page: Page, base: str) -> None:
    page.goto(f"{base}/accounts/login/?next=/settings/")
    page.get_by_label("Email").fill("owner@example.test")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_load_state()


def sign_out(page: Page, base: str) -> None:
    page.goto(f"{base}/accounts/logout/")
    page.get_by_role("button", name="Sign Out").click()
    page.wait_for_url(f"{base}/accounts/login/")


def add_passkey(page: Page, base: str, *, alone: bool) -> list[str]:
    """Add one through the pages; return the recovery codes that come with the first."""
    page.goto(f"{base}/accounts/2fa/webauthn/add/")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    page.get_by_label("Name").fill("My laptop")
    page.get_by_label("Sign in with it alone").set_checked(alone)
    page.get_by_role("button", name="Add").click()
    page.wait_for_url(re.compile("recovery-codes"))
    return page.get_by_label("Unused codes").input_value().split()


def test_signing_in_with_a_passkey_alone(page, base, person, key):
    sign_in(page, base)
    with recorded(Act.FACTOR_ADDED, Act.FACTOR_ADDED) as added:
        codes = add_passkey(page, base, alone=True)
    assert [entry.details["factor"] for entry in added] == ["webauthn", "recovery_codes"]
    assert {(entry.actor, entry.owner) for entry in added} == {(person.pk, person.pk)}
    assert len(codes) == 10
    [credential] = key.credentials()
    assert credential["isResidentCredential"]
    assert credential["rpId"] == "localhost"

    sign_out(page, base)
    page.goto(f"{base}/accounts/login/?next=/settings/")
    with recorded(Act.SIGNED_IN) as entries:
        page.get_by_role("button", name="Sign in with a passkey").click()
        page.wait_for_url(f"{base}/settings/")
    assert entries[0].details == {"by": ["webauthn"]}
    expect(page.get_by_role("heading", name="Settings")).to_be_visible()
    assert Authenticator.objects.get(user=person, type="webauthn").last_used_at


def test_a_passkey_as_the_second_factor(page, base, person, key):
    sign_in(page, base)
    codes = add_passkey(page, base, alone=False)
    sign_out(page, base)
    sign_in(page, base)
    page.wait_for_url(re.compile("/2fa/authenticate/"))
    with recorded(Act.SIGNED_IN) as entries:
        page.get_by_role("button", name="Use a security key").click()
        page.wait_for_url(f"{base}/settings/")
    assert entries[0].details == {"by": ["password", "webauthn"]}
    expect(page.get_by_role("heading", name="Settings")).to_be_visible()

    sign_out(page, base)
    sign_in(page, base)
    page.get_by_label("Code").fill(codes[0])
    page.get_by_role("button", name="Sign In", exact=True).click()
    page.wait_for_url(f"{base}/settings/")


def test_a_passkey_that_refuses_is_told_and_lets_nobody_in(page, base, person, key):
    sign_in(page, base)
    add_passkey(page, base, alone=True)
    sign_out(page, base)
    key.refuse()
    page.goto(f"{base}/accounts/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("The passkey was not used")
    page.goto(f"{base}/settings/")
    assert "/accounts/login/" in page.url


def test_a_passkey_that_was_removed_lets_nobody_in(page, base, person, key):
    sign_in(page, base)
    add_passkey(page, base, alone=True)
    page.goto(f"{base}/accounts/2fa/webauthn/")
    page.get_by_role("link", name="Remove").click()
    page.get_by_role("button", name="Remove").click()
    assert not Authenticator.objects.filter(user=person).exists()
    sign_out(page, base)
    page.goto(f"{base}/accounts/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.locator(".notice--bad:visible")).to_contain_text("Incorrect code")
    page.goto(f"{base}/settings/")
    assert "/accounts/login/" in page.url


def test_at_an_address_of_numbers_the_page_says_what_to_do(page, live_server, person, key):
    by_number = live_server.url.replace("localhost", "127.0.0.1")
    page.goto(f"{by_number}/accounts/login/")
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_disabled()
    link = page.get_by_role("link", name="Use localhost instead")
    link.click()
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_enabled()


def test_a_password_can_be_looked_at(page, base, person, complaints):
    page.goto(f"{base}/accounts/login/")
    field = page.get_by_label("Password", exact=True)
    field.fill(PASSWORD)
    page.get_by_role("button", name="Show the password").click()
    expect(field).to_have_attribute("type", "text")
    page.get_by_role("button", name="Show the password").click()
    expect(field).to_have_attribute("type", "password")
