"""An administrator's day with money and keys, from the first provider to the revoked key."""

from decimal import Decimal

import openai
import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.models import ApiKey
from tests.api.v1 import ledger
from tests.browser.house import House
from tests.fake_backend import FakeBackend
from tests.people import PASSWORD
from usage.models import Limit, UsageRecord
from usage.numbers import dollars

ADDRESS = "ada@example.test"
MODEL = "fake-n5"


def sign_up(page: Page) -> None:
    """Make the first account of the house, its administrator's."""
    page.goto("/accounts/signup/")
    page.get_by_label("Email").fill(ADDRESS)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Create the administrator").click()
    expect(page.get_by_label("Message", exact=True)).to_be_visible()


def save(page: Page) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name="Save", exact=True).click()


def add_provider(page: Page, fake: FakeBackend) -> None:
    page.goto(reverse("admin:providers_provider_add"))
    page.locator("#id_name").fill("The lab's")
    page.locator("#id_base_url").fill(fake.base_url)
    page.locator("#id_allow_private").check()
    page.locator("#id_key").fill("sk-test-0123456789abcdef")
    page.locator("#id_models").fill(MODEL)
    save(page)
    page.get_by_role("link", name="The lab's").first.click()
    page.get_by_role("button", name="Test the connection").click()
    expect(page.get_by_text(f"{MODEL} answered")).to_be_visible()


def price_model(page: Page) -> None:
    page.goto(reverse("admin:providers_modelspec_changelist"))
    page.get_by_role("link", name=MODEL).first.click()
    page.locator("#id_input_price").fill("2000")
    page.locator("#id_output_price").fill("8000")
    save(page)


def issue_key_with_a_budget(page: Page) -> str:
    page.goto(reverse("admin:accounts_apikey_add"))
    page.get_by_label("Password", exact=True).fill(PASSWORD)  # signing up does not count as proof
    page.get_by_role("button", name="Confirm").click()
    page.locator(".select2-selection").first.click()
    page.locator(".select2-search__field").fill(ADDRESS)
    page.locator(".select2-results__option", has_text=ADDRESS).click()
    page.locator("#id_name").fill("the night shift")
    save(page)
    secret = page.get_by_label("Secret", exact=True).input_value()
    page.get_by_role("link", name="To the key").click()
    page.get_by_role("link", name="Set limits").first.click()
    page.locator("#id_month_budget").fill("5")
    save(page)
    return secret


def ask(house: House, secret: str) -> str:
    with openai.OpenAI(base_url=f"{house.url}/v1", api_key=secret, max_retries=0) as client:
        answer = client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": "Good morning"}]
        )
    return answer.choices[0].message.content or ""


def see_what_it_cost(page: Page, call: UsageRecord) -> None:
    assert call.cost
    assert call.cost > Decimal("0.01")
    page.goto(reverse("admin:index"))
    page.get_by_role("link", name="Dashboard").first.click()
    page.get_by_role("link", name="API key", exact=True).click()
    row = page.get_by_role("row").filter(has_text="the night shift")
    expect(row).to_contain_text(dollars(call.cost, 4))
    row.get_by_role("link", name="the night shift").first.click()
    expect(page.locator(".chart--spend .chart-total")).to_have_text(dollars(call.cost, 4))
    expect(page.locator(".chart--requests .chart-total")).to_have_text("1")


def see_who_did_it(page: Page, key: ApiKey) -> None:
    page.goto(reverse("admin:accounts_apikey_change", args=[key.pk]))
    page.get_by_role("link", name="History").click()
    for act in ("Issued an API key", "Set limits", "Rotated an API key", "Revoked an API key"):
        row = page.get_by_role("row").filter(has_text=act)
        expect(row).to_contain_text(ADDRESS)
        expect(row).to_contain_text("127.0.0.1")
    page.get_by_role("link", name="Audit trail").first.click()
    for act in ("Added a provider", "Tested a provider's connection", "Changed a model"):
        expect(page.get_by_role("row").filter(has_text=act).first).to_contain_text(ADDRESS)


def test_from_the_provider_to_the_revoked_key(
    enter, house: House, fake: FakeBackend, transactional_db: None
):
    fake.reset()
    page = enter()
    sign_up(page)
    add_provider(page, fake)
    price_model(page)
    secret = issue_key_with_a_budget(page)
    assert Limit.objects.get().month_budget == 5

    assert ask(house, secret)
    (call,) = [row for row in ledger.records() if row.key_id]
    see_what_it_cost(page, call)
    key = ApiKey.objects.get()
    page.goto(reverse("admin:accounts_apikey_change", args=[key.pk]))
    page.get_by_role("link", name="Rotate").click()
    page.get_by_role("button", name="Rotate").click()
    fresh = page.get_by_label("Secret", exact=True).input_value()
    assert ask(house, fresh)
    page.get_by_role("link", name="To the key").click()
    page.get_by_role("link", name="Revoke").click()
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("1 key was revoked.")).to_be_visible()
    for revoked in (secret, fresh):
        with pytest.raises(openai.AuthenticationError):
            ask(house, revoked)
    see_who_did_it(page, key)
