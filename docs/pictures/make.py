"""Make the contact sheets from a running house.

`PASSWORD=… python docs/pictures/make.py http://127.0.0.1:8000 me@example.org [/c/<id>/]` signs an
administrator in and writes one sheet for each width and theme next to this file; the conversation
of the third argument (else the newest) is the one that is shown.
"""

import base64
import os
import re
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests import chromium

HERE = Path(__file__).parent
HEIGHTS = {390: 844, 820: 1100, 1440: 900}
COLUMNS = {390: 6, 820: 4, 1440: 3}
PUBLIC = ("/accounts/login/", "/accounts/signup/", "/no-such-page/")
OWN = (
    "/",
    "{conversation}",
    "/prompts/",
    "/prompts/new/",
    "/settings/",
    "/accounts/2fa/",
    "/accounts/password/change/",
    "/admin/",
    "/admin/providers/modelspec/",
)


def signed_in(browser: Browser, url: str, email: str) -> Any:
    context = browser.new_context(locale="en")
    page = context.new_page()
    page.goto(f"{url}/accounts/login/")
    page.get_by_label(re.compile("mail", re.I)).fill(email)
    page.get_by_label(re.compile("password", re.I)).first.fill(os.environ["PASSWORD"])
    page.get_by_role("button", name=re.compile("^sign in$", re.I)).click()
    page.wait_for_url(f"{url}/")
    return context.storage_state()


def shots(context: BrowserContext, url: str, paths: list[str]) -> list[tuple[str, bytes]]:
    page = context.new_page()
    taken = []
    for path in paths:
        page.goto(url + path, wait_until="networkidle")
        taken.append((re.sub("[0-9a-f-]{36}", "…", path), page.screenshot()))
    page.close()
    return taken


def sheet(browser: Browser, name: str, columns: int, taken: list[tuple[str, bytes]]) -> None:
    """Lay the pictures out on one page, and take a picture of that."""
    figures = "".join(
        f"<figure><img src='data:image/png;base64,{base64.b64encode(png).decode()}'>"
        f"<figcaption>{path}</figcaption></figure>"
        for path, png in taken
    )
    page = browser.new_page(viewport={"width": 1320, "height": 600})
    page.set_content(
        "<style>body{margin:12px;background:#888;font:11px sans-serif;display:grid;gap:12px;"
        f"grid-template-columns:repeat({columns},1fr)}}figure{{margin:0}}img{{width:100%}}"
        f"</style>{figures}"
    )
    page.screenshot(path=HERE / f"{name}.png", full_page=True)
    page.close()


def main(url: str, email: str, conversation: str = "") -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.path(), args=chromium.ARGUMENTS
        )
        state = signed_in(browser, url, email)
        if not conversation:
            page = browser.new_context(storage_state=state).new_page()
            page.goto(f"{url}/")
            link = page.locator(".conversation-link").first
            conversation = str(link.get_attribute("href"))
        own = [path.format(conversation=conversation) for path in OWN]
        kinds = [(width, theme, "en") for width in HEIGHTS for theme in ("light", "dark")]
        for width, theme, language in [
            *kinds,
            (1440, "light", "zh-hans"),
            (390, "dark", "zh-hans"),
        ]:
            look: dict[str, Any] = {
                "viewport": {"width": width, "height": HEIGHTS[width]},
                "color_scheme": theme,
                "locale": "zh-CN" if language == "zh-hans" else "en",
            }
            cookie: Any = {"name": "django_language", "value": language, "url": url}
            stranger = browser.new_context(**look)
            member = browser.new_context(**look, storage_state=state)
            taken = []
            for context, paths in ((stranger, list(PUBLIC)), (member, own)):
                context.add_cookies([cookie])
                taken += shots(context, url, paths)
                context.close()
            suffix = "" if language == "en" else "-zh"
            sheet(browser, f"{width}-{theme}{suffix}", COLUMNS[width], taken)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
