"""The API reference in a real Chromium: at every width, in both themes, without a mouse."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from tests.browser.test_api_keys import clean, owner, press, signed_in_page  # noqa: F401

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_programmer_finds_an_endpoint_and_copies_a_call(
    signed_in_page: Page,  # noqa: F811
    base: str,
    context,
):
    page = signed_in_page
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(base + reverse("api:key-list"))
    press(page, "link", "API reference")
    expect(page.get_by_role("heading", name="API reference")).to_be_visible()
    clean(page)
    press(page, "link", "Make vectors of texts")
    expect(page.get_by_role("heading", name="Make vectors of texts")).to_be_in_viewport()
    section = page.get_by_role("region", name="Make vectors of texts")
    section.get_by_role("button", name="Copy the Python example").focus()
    page.keyboard.press("Enter")
    page.wait_for_function(
        "navigator.clipboard.readText().then(t => t.includes('client.embeddings.create('))"
    )
