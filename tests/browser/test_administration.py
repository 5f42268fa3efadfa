"""The administration in a real Chromium: its own policy holds, and nothing comes from elsewhere."""

from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.contrib import admin as administration
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from accounts.models import User
from providers.models import Credential
from runs.models import Run
from tests.administration.scenery import furnish, make_spec
from tests.administration.test_pages import OURS, page_of
from tests.people import make_administrator, make_person, signed_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def enter(context: BrowserContext, base: str, complaints: list[str]) -> list[str]:
    """Sign an administrator in; returns the addresses that were asked for."""
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    key = signed_in(make_administrator()).cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": base}])
    furnish(make_person("owner@example.test"), make_spec())
    return asked


def pages() -> list[str]:
    found = [reverse("admin:index")]
    for model in administration.site._registry:
        if model._meta.app_label in OURS:
            name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
            found.append(reverse(f"{name}_changelist"))
            found += [page_of(row) for row in model._default_manager.all()[:1]]
    rotation = reverse("admin:providers_credential_rotate", args=[Credential.objects.get().pk])
    adding = [reverse("admin:providers_provider_add"), reverse("admin:accounts_user_add")]
    return [*found, *adding, rotation, reverse("encryption")]


def test_every_page_keeps_the_policy_and_asks_only_this_house(
    page: Page, base: str, enter: list[str]
):
    for url in pages():
        response = page.goto(base + url)
        assert response is not None
        assert response.status == 200, url
        expect(page.locator("#main, main, #content").first).to_be_visible()
        policy = response.headers["content-security-policy"]
        assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]
    assert enter
    assert [url for url in enter if not url.startswith((f"{base}/", "data:"))] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(page: Page, base: str, enter: list[str], theme: str):
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    for url in pages():
        page.goto(base + url)
        page.wait_for_timeout(250)
        found = Axe().run(page).response["violations"]
        assert [(rule["id"], rule["nodes"][0]["target"]) for rule in found] == [], url


def test_a_run_is_stopped_from_the_list(page: Page, base: str, enter: list[str]):
    # Not yet due for the sweeper of a worker that other browser tests keep running.
    Run.objects.update(created_at=timezone.now() + timedelta(hours=1))
    page.goto(base + reverse("admin:runs_run_changelist"))
    page.locator("input[name=_selected_action]").first.check()
    page.locator("select[name=action]").select_option("stop")
    page.get_by_role("button", name="Run", exact=False).first.click()
    expect(page.get_by_text("1 run was asked to stop.")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_administration_looks_as_the_system_does(
    page: Page, base: str, enter: list[str], scheme: str
):
    page.emulate_media(color_scheme=scheme)
    page.goto(base + reverse("admin:index"))
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    red = int(background.partition("(")[2].partition(",")[0])
    assert (red > 128) == (scheme == "light")


def test_the_way_back_leads_to_the_chats(page: Page, base: str, enter: list[str]):
    page.goto(base + reverse("admin:index"))
    links = page.get_by_role("link", name="Back to the chats")
    assert {link.get_attribute("href") for link in links.all()} == {"/"}
    assert User.objects.count() == 2


def test_a_key_is_rotated_with_the_keyboard_alone(page: Page, base: str, enter: list[str]):
    credential = Credential.objects.get()
    page.goto(base + page_of(credential))
    page.get_by_role("link", name="Rotate").focus()
    page.keyboard.press("Enter")
    page.get_by_label("New key").focus()
    page.keyboard.type("sk-new-fedcba9876543210")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The new key is in use.")).to_be_visible()
    assert Credential.objects.get(retires_at=None).last_four == "3210"
    assert Credential.objects.exclude(retires_at=None).get() == credential
