"""The pages of usage in Chromium: both themes, three widths, without scripts, by keyboard."""

import datetime as dt
from decimal import Decimal

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from accounts.api_keys import issue_key
from accounts.models import User
from providers.models import ModelSpec, Provider
from tests.browser import months
from tests.people import make_administrator, signed_in
from tests.usage.ledgers import record
from usage.actions import payer_of
from usage.models import UsageRecord

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
HOUSE, OWN = "/admin/usage/dashboard/", "/settings/usage/"
LABELS = ("Fast", "通义千问大语言模型" * 8, "x" * 80)


@pytest.fixture
def person() -> User:
    """Somebody with calls of a month of three models, whose names are long, and a key."""
    user = make_administrator()
    account, key = payer_of(user).account_id, issue_key(user, "n" * 80)[0]
    provider = Provider.objects.create(name="P" * 80, base_url="http://127.0.0.1:1/v1")
    specs = [
        ModelSpec.objects.create(provider=provider, name=label, label=label) for label in LABELS
    ]
    now = timezone.now()
    UsageRecord.objects.bulk_create(
        record(
            now - dt.timedelta(days=day),
            account_id=account,
            cost=Decimal(10**6) if day == 3 else Decimal("0.01") * (day % 5),
            key_id=key.pk if day % 2 else None,
            latency_ms=900 + 90 * day,
            first_token_ms=90 * day,
            model_id=specs[day % 3].pk,
            outcome="stop" if day % 9 else "timeout",
        )
        for day in range(40)
    )
    return user


def enter(page: Page, base: str, user: User) -> None:
    key = signed_in(user).cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": base}])


@pytest.fixture
def signed_in_page(page: Page, base: str, person: User, complaints: list[str]) -> Page:
    enter(page, base, person)
    return page


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", [HOUSE, OWN])
def test_axe_finds_nothing_and_nothing_is_too_wide(
    signed_in_page: Page, base: str, theme: str, path: str
):
    page = signed_in_page
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    model = ModelSpec.objects.get(label=LABELS[1]).pk
    for query in (
        "",
        "?range=7&by=key",
        f"?range=12m&model={model}",
        "?from=2020-01-01&to=2020-01-01",
    ):
        page.goto(base + path + query)
        for box in page.locator("details.usage-table summary").all():
            box.click()
        for width in (390, 820, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(250)
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, (query, width)
            found = Axe().run(page).response["violations"]
            assert [(each["id"], each["nodes"][0]["target"]) for each in found] == [], query


@pytest.mark.parametrize("by", ["model", "key"])
def test_ones_own_table_is_whole_on_a_desk(page: Page, base: str, by: str, complaints: list[str]):
    user = make_administrator()
    months.use(user)
    enter(page, base, user)
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"{base}{OWN}?by={by}")
    table = page.locator(".usage-shares .usage-scroll")
    assert table.evaluate("box => box.scrollWidth <= box.clientWidth")
    spent, budget = page.locator(".budgets dd").inner_text().split(" of ")
    assert (spent, budget) != ("$0.00", "$40.00")  # the month of the calls is that of the budget


def test_a_chart_says_what_it_shows(signed_in_page: Page, base: str):
    page = signed_in_page
    page.goto(base + HOUSE)
    expect(page.get_by_role("img", name="in all. The most is")).to_have_count(4)
    expect(page.get_by_role("img", name="The longest is")).to_have_count(2)
    bars = page.locator(".chart--spend .chart-column")
    expect(bars).to_have_count(30)
    heights = [
        piece.bounding_box()["height"]
        for piece in page.locator(".chart--spend rect.chart-part-0").all()
    ]
    plot = page.locator(".chart--spend .chart-bars").bounding_box()["height"]
    assert max(heights) > plot / 2
    assert min(heights) >= 1  # beside a day a hundred million times as dear


def test_it_is_narrowed_and_widened_by_keyboard(signed_in_page: Page, base: str):
    page = signed_in_page
    page.goto(base + HOUSE)
    page.get_by_role("link", name="90 days").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".chart--requests .chart-total")).to_have_text("40")
    page.get_by_role("link", name="Fast", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.locator(".usage-chip")).to_contain_text("Fast")
    expect(page.locator(".chart--requests .chart-total")).to_have_text("14")
    expect(page.get_by_role("link", name="90 days")).to_have_attribute("aria-current", "true")
    page.get_by_text("The figures by day").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".usage-table tbody tr")).to_have_count(90)
    page.get_by_role("link", name="Remove the filter").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".chart--requests .chart-total")).to_have_text("40")


def test_without_scripts(browser: Browser, base: str, person: User):
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    enter(page, base, person)
    page.goto(base + OWN)
    yesterday = (timezone.localdate() - dt.timedelta(days=1)).isoformat()
    page.get_by_label("from", exact=True).fill(yesterday)
    page.get_by_label("to", exact=True).fill(yesterday)
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".chart--requests .chart-total")).to_have_text("1")
    expect(page.locator(".chart--requests .chart-column")).to_have_count(1)
    page.get_by_role("link", name="API key", exact=True).click()
    expect(page.locator(".usage-shares tbody tr")).to_have_count(1)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as CSV").last.click()
    assert download.value.suggested_filename.startswith("usage-by-key-")
    context.close()
