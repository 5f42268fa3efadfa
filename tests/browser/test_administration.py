"""The administration in a real Chromium: its own policy holds, and nothing comes from elsewhere."""

from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.contrib import admin as administration
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from accounts.models import ApiKey, Team, User
from providers.actions import store_credential
from providers.models import Credential, ModelSpec, Provider, Route
from runs.models import Run
from tests.administration.scenery import furnish, make_spec
from tests.administration.test_pages import OURS, page_of
from tests.fake_backend import FakeBackend, in_thread
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
    found += [reverse("usage:connection-test", args=[row.pk]) for row in Provider.objects.all()]
    rotation = reverse("admin:providers_credential_rotate", args=[Credential.objects.get().pk])
    added = ("accounts_user", "accounts_team", "usage_limit")
    for name in ("providers_provider", "providers_modelspec", *added):
        found.append(reverse(f"admin:{name}_add"))
    found.append(reverse("admin:providers_provider_find", args=[Provider.objects.get().pk]))
    found += [
        reverse("admin:accounts_apikey_revoke", args=[row.pk]) for row in ApiKey.objects.all()
    ]
    found += [page_of(route.model) for route in Route.objects.all()]
    return [*found, rotation, reverse("encryption"), reverse("usage:dashboard")]


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


def test_a_provider_is_added_from_a_preset_and_tested(
    page: Page, base: str, enter: list[str], fake: FakeBackend
):
    fake.reset()
    page.goto(base + reverse("admin:providers_provider_add"))
    server, name, url = page.locator("#id_preset"), page.locator("#id_name"), "#id_base_url"
    server.select_option("azure")
    expect(name).to_have_value("Azure OpenAI")
    expect(page.locator("#id_kind")).to_have_value("azure")
    expect(page.get_by_role("link", name="https://ai.azure.com")).to_be_visible()
    name.fill("The lab's")
    server.select_option("ollama")
    expect(name).to_have_value("The lab's")
    expect(page.locator(url)).to_have_value("http://localhost:11434/v1")
    expect(page.locator("#id_kind")).to_have_value("openai")
    expect(page.locator("#id_allow_private")).to_be_checked()
    page.locator(url).fill(fake.base_url)
    page.locator("#id_key").fill("sk-test-0123456789abcdef")
    page.locator("#id_models").fill("fake-n5")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("link", name="The lab's").first.click()
    page.get_by_role("button", name="Test the connection").click()
    for words in ("The server answers.", "…cdef", "5 models", "fake-n5 answered", "Round trip"):
        expect(page.get_by_text(words)).to_be_visible()
    expect(page.locator("#content li").filter(has_text="passed")).to_have_count(5)
    assert Axe().run(page).response["violations"] == []


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
