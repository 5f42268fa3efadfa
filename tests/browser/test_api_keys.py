"""Keys for programs in a real Chromium: made, copied, changed, rotated and revoked by keyboard."""

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Page, expect

from accounts.api_keys import authenticate, issue_key, revoke_key
from accounts.models import ApiKey, User
from providers.models import ModelSpec, Provider
from tests.browser.test_account_pages import check, sign_in
from tests.people import make_administrator, make_person
from usage.limits import set_limits

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
HERE = "192.0.2.7"


@pytest.fixture
def owner() -> User:
    make_administrator()
    provider = Provider.objects.create(name="P", base_url="http://127.0.0.1:1/v1")
    for number in range(12):
        ModelSpec.objects.create(
            provider=provider, name=f"m{number}", label=f"Model {number}", public_name=f"m-{number}"
        )
    return make_person("owner@example.test", name="Olive Owner")


@pytest.fixture
def signed_in_page(page: Page, base: str, owner: User, complaints: list[str]) -> Page:
    sign_in(page, base, owner.email)
    return page


def press(page: Page, role: str, name: str) -> None:
    page.get_by_role(role, name=name, exact=True).first.focus()
    page.keyboard.press("Enter")


def clean(page: Page) -> None:
    """Axe finds nothing on the page as it is, which cannot be opened again."""
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.wait_for_timeout(250)
        found = Axe().run(page)
        assert found.violations_count == 0, f"{page.url}: {found.generate_report()}"
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
        assert not wide, page.url


def test_the_whole_life_of_a_key_by_keyboard(
    signed_in_page: Page, base: str, context: BrowserContext, owner: User
):
    page = signed_in_page
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(base + "/settings/")
    press(page, "link", "API keys")
    press(page, "link", "Make a key")
    page.get_by_label("Name").focus()
    page.keyboard.type("the lab")
    page.get_by_label("Embeddings", exact=False).focus()
    page.keyboard.press("Space")
    page.get_by_label("m-3 (Model 3)").focus()
    page.keyboard.press("Space")
    press(page, "button", "Make the key")
    secret = page.get_by_label("Secret", exact=True).input_value()
    key = authenticate(secret, HERE)
    assert (key.owner, key.endpoints, key.model_names) == (owner, ["embeddings"], ["m-3"])
    clean(page)
    press(page, "button", "Copy the secret")
    expect(page.get_by_text("Copied", exact=True)).to_be_attached()
    assert page.evaluate("navigator.clipboard.readText()") == secret
    press(page, "button", "Copy the curl example")
    page.wait_for_function("navigator.clipboard.readText().then(t => t.startsWith('curl '))")
    press(page, "link", "Set limits for this key")
    page.get_by_label("requests a minute", exact=False).focus()
    page.keyboard.type("30")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The limits were set.")).to_be_visible()
    page.get_by_label("Name").fill("the laboratory")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="the laboratory")).to_be_visible()
    press(page, "link", "Rotate")
    page.get_by_label("for an hour").focus()
    page.keyboard.press("Space")
    press(page, "button", "Rotate")
    fresh = page.get_by_label("Secret", exact=True).input_value()
    assert authenticate(fresh, HERE) == authenticate(secret, HERE) == key
    clean(page)
    press(page, "button", "End it now")
    expect(page.get_by_text("works no longer")).to_be_visible()
    press(page, "link", "Revoke")
    press(page, "button", "Revoke")
    expect(page.get_by_text("“the laboratory” was revoked.")).to_be_visible()
    assert not ApiKey.objects.working().exists()


def test_neither_reloading_nor_going_back_shows_a_secret_again(signed_in_page: Page, base: str):
    page = signed_in_page
    for leave in ("reload", "back"):
        page.goto(base + reverse("api:key-create"))
        page.get_by_label("Name").fill(leave)
        page.get_by_role("button", name="Make the key").dblclick()
        secret = page.get_by_label("Secret", exact=True).input_value()
        if leave == "reload":
            page.reload()
        else:
            page.get_by_role("link", name="To the list of keys").click()
            page.wait_for_url(base + reverse("api:key-list"))
            page.go_back()
        expect(page.get_by_text("A secret is shown only once.")).to_be_visible()
        assert secret not in page.content()
    assert ApiKey.objects.count() == 2


def test_every_page_is_accessible_and_fits_a_phone(signed_in_page: Page, base: str, owner: User):
    check(signed_in_page, base + reverse("api:key-list"))
    key, _ = issue_key(owner, "a name as long as names may be " + "x" * 49)
    set_limits(key, day_budget=1)
    revoke_key(issue_key(owner, "revoked")[0])
    check(signed_in_page, base + reverse("api:key-list"))
    check(signed_in_page, base + reverse("api:key-create"))
    for name in ("key-change", "key-rotate", "key-revoke"):
        check(signed_in_page, base + reverse(f"api:{name}", args=[key.pk]))


def test_without_scripts(browser: Browser, base: str, owner: User):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, base, owner.email)
    page.goto(base + reverse("api:key-create"))
    page.get_by_label("Name").fill("plain")
    page.get_by_role("button", name="Make the key").click()
    assert authenticate(page.get_by_label("Secret", exact=True).input_value(), HERE)
    expect(page.get_by_role("button", name="Copy the secret")).to_be_hidden()
    page.get_by_role("link", name="To the list of keys").click()
    page.get_by_role("link", name="Revoke “plain”").click()
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("“plain” was revoked.")).to_be_visible()
    context.close()


@pytest.fixture
def administrator(page: Page, base: str, owner: User, complaints: list[str]) -> Page:
    sign_in(page, base, "admin@example.test")
    return page


def test_an_administrator_makes_rotates_and_revokes(
    administrator: Page, base: str, context: BrowserContext, owner: User
):
    page = administrator
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(base + reverse("admin:accounts_apikey_changelist"))
    page.get_by_role("link", name=re.compile("Add")).first.click()
    clean(page)
    page.locator(".select2-selection").first.click()
    page.locator(".select2-search__field").fill("owner@")
    page.locator(".select2-results__option", has_text=owner.email).click()
    page.locator("#id_name").fill("by hand")
    page.get_by_role("button", name="Save", exact=True).click()
    shown: Callable[[], str] = page.get_by_label("Secret", exact=True).input_value
    secret = shown()
    assert authenticate(secret, HERE).owner == owner
    clean(page)
    page.get_by_role("button", name="Copy the secret").click()
    expect(page.get_by_text("Copied", exact=True)).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == secret
    page.get_by_role("link", name="To the key").click()
    clean(page)
    page.get_by_role("link", name="Rotate").click()
    clean(page)
    page.get_by_role("button", name="Rotate").click()
    assert authenticate(shown(), HERE) == authenticate(secret, HERE)
    page.get_by_role("link", name="To the key").click()
    page.get_by_role("link", name="Revoke").click()
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("1 key was revoked.")).to_be_visible()
    clean(page)
    assert not ApiKey.objects.working().exists()


def test_an_administrator_is_asked_before_several_are_revoked(
    administrator: Page, base: str, owner: User
):
    page = administrator
    for name in ("one", "two"):
        issue_key(owner, name)
    page.goto(base + reverse("admin:accounts_apikey_changelist"))
    for box in page.locator("input[name=_selected_action]").all():
        box.check()
    page.locator("select[name=action]").select_option(label="Revoke the chosen keys")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("heading", name="Revoke 2 keys?")).to_be_visible()
    clean(page)
    assert ApiKey.objects.working().count() == 2
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("2 keys were revoked.")).to_be_visible()
    assert not ApiKey.objects.working().exists()
