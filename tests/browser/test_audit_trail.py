"""The audit trail in a real Chromium, in both themes, on a phone, a tablet and a desk."""

import csv
import io
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.db import transaction
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from accounts.actions import deactivate_user, save_team
from accounts.models import Team, User
from ops.audit.acting import Acting, acts_by, acts_no_more
from ops.audit.acts import Act
from ops.audit.trail import forget, record
from ops.models import AuditEntry
from providers.actions import add_provider, change_credential
from tests.people import make_administrator, make_person, signed_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
URL = "/admin/ops/auditentry/"


@pytest.fixture(params=["light", "dark"])
def theme(request) -> str:
    return request.param


@pytest.fixture(params=[390, 820, 1440])
def width(request) -> int:
    return request.param


@pytest.fixture
def trail(
    context: BrowserContext, page: Page, base: str, complaints: list[str], rf, transactional_db
) -> User:
    """Some months of a small house; an administrator is signed in."""
    administrator = make_administrator()
    key = signed_in(administrator).cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": base}])
    request = rf.get("/", headers={"User-Agent": "Mozilla/5.0 (X11; Linux) Firefox/140.0"})
    request.user = administrator
    acts_by(Acting(request, "192.0.2.7"))
    olive, gone = (make_person(f"{name}@example.test") for name in ("olive", "gone"))
    kitchen = Team(name="Kitchen")
    save_team(kitchen, [olive, gone])
    provider = add_provider("Models Inc", "https://models.example.test/v1", secret="sk-0123456789a")
    change_credential(provider.credentials.get(), weight=3, max_streams=4, priority=1)
    deactivate_user(olive)
    request.user = gone
    record_at_once(Act.PASSWORD_CHANGED, gone)
    forget(gone.pk)
    gone.delete()
    acts_no_more()
    record_at_once(Act.SECRETS_REENCRYPTED, count=12)
    return administrator


def record_at_once(*given, **details) -> None:
    with transaction.atomic():
        record(*given, **details)


def check(page: Page) -> None:
    """Nothing sticks out, and axe finds nothing."""
    page.wait_for_timeout(250)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    found = [
        (rule["id"], rule["nodes"][0]["html"]) for rule in Axe().run(page).response["violations"]
    ]
    assert found == [], page.url


def test_the_pages_in_every_theme_and_width(page: Page, base, trail, theme, width):
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    page.goto(base + URL)
    expect(page.get_by_text("Kitchen").first).to_be_visible()
    check(page)
    changed = AuditEntry.objects.get(act="credential.changed")
    page.goto(f"{base}{URL}{changed.pk}/change/")
    expect(page.get_by_text("Weight: 1 → 3")).to_be_visible()
    check(page)


def test_from_an_object_to_its_history_and_away_with_it(page: Page, base, trail):
    team = Team.objects.get()
    page.goto(f"{base}/admin/accounts/team/{team.pk}/change/")
    page.get_by_role("link", name="History").click()
    expect(cell(page, "Added a team")).to_be_visible()
    expect(cell(page, "Models Inc")).to_have_count(0)
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    text = Path(download.value.path()).read_text("utf-8-sig")
    assert [row["act"] for row in csv.DictReader(io.StringIO(text))] == ["team.added"]
    page.goto(base + URL)
    expect(cell(page, "Exported the audit trail")).to_be_visible()


def test_from_what_was_done_to_somebody_to_what_they_did(page: Page, base, trail):
    page.goto(f"{base}/admin/accounts/user/{trail.pk}/history/")
    expect(page.get_by_role("status")).to_contain_text("What was done to admin@example.test")
    expect(cell(page, "Added a team")).to_have_count(0)
    page.get_by_role("link", name="What they did themselves").click()
    expect(cell(page, "Added a team")).to_be_visible()
    page.get_by_role("link", name="What was done to them").click()
    expect(cell(page, "Added a team")).to_have_count(0)
    page.get_by_role("link", name="The whole trail").click()
    expect(cell(page, "Added a team")).to_be_visible()


def test_no_empty_bar_lies_over_a_list_of_one_page(page: Page, base, trail):
    page.set_viewport_size({"width": 1440, "height": 500})
    page.goto(base + URL)
    bar = page.locator(".lg\\:scrollable-top")
    expect(bar).to_have_count(1)
    expect(bar).to_be_hidden()
    page.goto(f"{base}/admin/accounts/user/")
    expect(bar).to_contain_text("people")
    expect(bar).to_be_visible()


def test_an_entry_is_short_on_a_phone(page: Page, base, trail):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(base + URL)
    assert page.locator(".data-row").first.bounding_box()["height"] < 180


def test_the_list_is_searched_and_filtered(page: Page, base, trail):
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(base + URL)
    page.get_by_role("searchbox").or_(page.locator("#searchbar")).first.fill("olive")
    page.keyboard.press("Enter")
    expect(cell(page, "Deactivated a person")).to_be_visible()
    expect(cell(page, "Added a team")).to_have_count(0)
    page.goto(base + URL)
    page.locator("a", has_text="Filters").first.click()
    page.locator(".select2-selection").nth(1).click()
    page.keyboard.type("admin@")
    page.get_by_role("option", name="admin@example.test").click()
    page.get_by_role("button", name="Apply Filters").click()
    expect(cell(page, "Added a team")).to_be_visible()
    expect(cell(page, "Re-encrypted secrets")).to_have_count(0)


@pytest.mark.parametrize("wide", [390, 1440])
def test_it_is_read_and_filtered_without_scripts(browser: Browser, base, trail, wide):
    context = browser.new_context(
        java_script_enabled=False, viewport={"width": wide, "height": 900}
    )
    key = signed_in(trail).cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": base}])
    page = context.new_page()
    page.goto(base + URL)
    expect(page.get_by_text("Deactivated a person").first).to_be_visible()
    page.locator("select[name=act]").select_option("team.added")
    page.get_by_role("button", name="Apply Filters").click()
    page.locator("th.field-at a").click()
    expect(page.get_by_text("Added a team").first).to_be_visible()
    context.close()


def cell(page: Page, text: str) -> Locator:
    return page.get_by_role("cell", name=text)
