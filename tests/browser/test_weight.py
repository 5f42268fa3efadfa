"""What a cold page weighs. How soon one can type in it is measured in `bench/`."""

import gzip

from playwright.sync_api import expect

from tests.browser.steps import field

MOST_BYTES, MOST_REQUESTS = 150_000, 15


def test_a_cold_chat_page_is_light(enter, person, model):
    page = enter(person)
    cdp = page.context.new_cdp_session(page)
    cdp.send("Network.enable")
    received: dict[str, int] = {}
    cdp.on(
        "Network.loadingFinished",
        lambda e: received.update({e["requestId"]: e["encodedDataLength"]}),
    )
    page.goto("/", wait_until="networkidle")
    html = len(gzip.compress(page.content().encode()))
    print(f"{len(received)} requests, {sum(received.values())} bytes, page {html} compressed")
    assert len(received) <= MOST_REQUESTS
    assert sum(received.values()) <= MOST_BYTES


def test_no_script_holds_the_page_up(enter, person, model):
    page = enter(person)
    page.goto("/")
    expect(field(page)).to_be_focused()
    blocking = "script:not([defer]):not([type=module])"
    assert page.locator(blocking).count() == 0
    assert page.locator("head link[rel=stylesheet]").count() <= 4
