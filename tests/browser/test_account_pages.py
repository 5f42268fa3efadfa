"""Every page about accounts in Chromium: axe finds nothing, the policy blocks nothing."""

import re

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from accounts.models import User
from tests.people import PASSWORD, make_administrator, make_person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
OPEN = [
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/password/reset/key/1-x/",
    "/accounts/confirm-email/x/",
    "/accounts/inactive/",
]
OWN = [
    "/settings/",
    "/settings/usage/",
    "/settings/erase/",
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/sessions/",
    "/accounts/2fa/",
    "/accounts/2fa/totp/activate/",
    "/accounts/2fa/webauthn/",
    "/accounts/2fa/webauthn/add/",
    "/accounts/reauthenticate/",
    "/accounts/logout/",
]


@pytest.fixture
def person() -> User:
    make_administrator()
    return make_person("owner@example.test", name="Olive Owner")


def sign_in(page: Page, base: str, email: str) -> None:
    page.goto(f"{base}/accounts/login/?next=/settings/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(f"{base}/settings/")
    page.goto(f"{base}/accounts/reauthenticate/?next=/settings/")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    page.wait_for_url(f"{base}/settings/")


def check(page: Page, url: str) -> None:
    page.goto(url)
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.wait_for_timeout(250)  # colours have faded into the other theme's
        found = Axe().run(page)
        assert found.violations_count == 0, f"{url} {theme}: {found.generate_report()}"
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate(overflow) <= 0, f"{url} is wider than a phone"
    page.set_viewport_size({"width": 1280, "height": 720})


def test_pages_for_everybody(page, base, person, complaints):
    for path in OPEN:
        check(page, base + path)


def test_pages_of_a_person(page, base, person, complaints):
    sign_in(page, base, person.email)
    for path in OWN:
        check(page, base + path)


def test_a_long_address_that_was_asked_for(page, base, person, complaints):
    sign_in(page, base, person.email)
    page.goto(f"{base}/accounts/email/")
    page.get_by_label("Email").fill(f"{'long.' * 10}address@{'long.' * 10}example.test")
    page.get_by_role("button", name="Change the address").click()
    expect(page.get_by_text("A link was sent to")).to_be_visible()
    check(page, f"{base}/accounts/email/")
    page.get_by_role("button", name="Cancel the change").click()
    expect(page.get_by_text("A link was sent to")).to_have_count(0)


def test_pages_of_refusals(page, base, person, complaints):
    check(page, f"{base}/?text=%00")
    check(page, f"{base}/no/such/page/")
    sign_in(page, base, person.email)
    check(page, f"{base}/admin/")
    complaints[:] = [each for each in complaints if "Failed to load resource" not in each]


def test_pages_of_the_second_factor(page, base, person, complaints):
    TOTP.activate(person, generate_totp_secret())
    RecoveryCodes.activate(person)
    code = RecoveryCodes(person.authenticator_set.get(type="recovery_codes")).get_unused_codes()[0]
    page.goto(f"{base}/accounts/login/?next=/accounts/2fa/recovery-codes/")
    page.get_by_label("Email").fill(person.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(re.compile("/2fa/authenticate/"))
    expect(page.get_by_text("one of your recovery codes")).to_be_visible()
    check(page, page.url)
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Sign In").click()
    page.get_by_label("Password", exact=True).fill(PASSWORD)  # once more, for these pages
    page.get_by_role("button", name="Confirm").click()
    page.wait_for_url(f"{base}/accounts/2fa/recovery-codes/")
    check(page, page.url)


def test_the_first_account(page, base, complaints):
    check(page, f"{base}/accounts/signup/")
    page.get_by_label("Email").fill("first@example.test")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Create the administrator").click()
    page.wait_for_url(lambda url: "signup" not in url)
    assert User.objects.get().is_superuser
    complaints[:] = [each for each in complaints if "404" not in each]


def test_the_administration_works_under_its_policy(page, base, person, complaints):
    sign_in(page, base, "admin@example.test")
    page.goto(f"{base}/admin/accounts/user/?q=olive")
    page.get_by_role("link", name="owner@example.test").click()
    page.get_by_role("link", name="Second factors").click()  # a tab that Alpine opens
    page.get_by_role("button", name="Deactivate").click()
    page.wait_for_url(re.compile(r"/admin/accounts/user/"))
    person.refresh_from_db()
    assert not person.is_active


def test_the_appearance_chosen_stays_with_the_person(page, base, person, complaints, browser):
    sign_in(page, base, person.email)
    with page.expect_response("**/settings/theme/"):
        page.get_by_role("button", name="Dark").click()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    other = browser.new_context().new_page()
    sign_in(other, base, person.email)
    assert other.locator("html").get_attribute("data-theme") == "dark"


def test_the_keyboard_waits_in_the_field_that_was_refused(page, base, person):
    page.goto(f"{base}/accounts/signup/")
    page.get_by_label("Email").fill("somebody@example.test")
    page.get_by_label("Password", exact=True).fill("12345678")
    page.get_by_role("button", name="Sign up", exact=True).click()
    field = page.get_by_label("Password", exact=True)
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_focused()
    red, line = field.evaluate(
        """field => {
          const probe = document.body.appendChild(document.createElement("i"));
          probe.style.color = "var(--danger)";
          return [getComputedStyle(probe).color, getComputedStyle(field).borderColor];
        }"""
    )
    assert line == red
