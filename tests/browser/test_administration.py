"""The administration in a real Chromium: its own policy holds, and nothing comes from elsewhere."""

from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.contrib import admin as administration
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from accounts.models import Team, User
from providers.actions import store_credential
from providers.models import ModelSpec, Provider, Route
from runs.models import Run
from tests.administration.scenery import furnish, make_spec
from tests.administration.test_pages import OURS, page_of
from tests.fake_backend import in_thread
from tests.people import make_administrator, make_person, signed_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def enter(context: BrowserContext, base: str, complaints: list[str]) -> list[str]:
    """Sign an administrator in; returns the addresses that were asked for."""
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    key = signed_in(make_administrator()).cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": base}])
    spec = make_spec()
    furnish(make_person("owner@example.test"), spec)
    spec.teams.set(Team.objects.all())
    other = ModelSpec.objects.create(provider=spec.provider, name="other", label="Other")
    Route.objects.create(model=spec, to=other)
    return asked


def pages() -> list[str]:
    found = [reverse("admin:index")]
    for model in administration.site._registry:
        if model._meta.app_label in OURS:
            name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
            found.append(reverse(f"{name}_changelist"))
            found += [page_of(row) for row in model._default_manager.all()[:1]]
    for name in ("providers_provider", "providers_modelspec", "accounts_user", "accounts_team"):
        found.append(reverse(f"admin:{name}_add"))
    found.append(reverse("admin:providers_provider_find", args=[Provider.objects.get().pk]))
    found += [page_of(route.model) for route in Route.objects.all()]
    return found


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


@pytest.mark.parametrize("width", [390, 1280])
def test_models_are_found_and_added(page: Page, base: str, enter: list[str], width: int):
    page.set_viewport_size({"width": width, "height": 900})
    with in_thread() as fake:
        fake.models[:] = ["other", "llama3.1:8b", "nomic-embed-text"]
        Provider.objects.update(base_url=fake.base_url, allow_private=True)
        store_credential(Provider.objects.get(), "sk-for-the-fake-backend")
        page.goto(base + reverse("admin:providers_provider_find", args=[Provider.objects.get().pk]))
        page.get_by_role("button", name="Ask the server").click()
        expect(page.get_by_text("The server lists 3 models.")).to_be_visible()
        expect(page.get_by_text("no longer in the server")).to_contain_text("Scripted model")
        assert Axe().run(page).response["violations"] == []
        wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
        assert not wide
        page.get_by_label("llama3.1:8b").check()
        page.get_by_role("button", name="Add the chosen models").click()
        expect(page.get_by_text("Models added: llama3.1:8b")).to_be_visible()
    assert ModelSpec.objects.filter(name="llama3.1:8b").exists()


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
