"""NUL in any text field of any form: refused at the field, or left out. No page breaks.

The forms are those of the house itself, so that one that is added later is tried too.
"""

from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from django.test import Client
from django.urls import get_resolver

from generator.recipes import built_in
from tests.administration.scenery import furnish, make_spec
from tests.administration.test_pages import all_pages
from tests.api.conftest import recently_proven
from tests.attacks.test_other_peoples_ids import (
    address,
    kind_of,
    owned,  # noqa: F401 - a fixture
    routes,
)

TEXT = ("text", "search", "email", "password", "url", "number")
NOT_TRIED = ("logout", "delete", "erase")  # they end what the next form needs


class Forms(HTMLParser):
    """The forms that a page posts: where to, what they send, which fields hold text.

    What is empty is filled in, so that no form is refused for another field.
    """

    def __init__(self, html: str, url: str) -> None:
        super().__init__()
        self.url = url
        self.found: list[tuple[str, dict[str, str], list[str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name, kind = given.get("name"), given.get("type") or "text"
        if tag == "form" and given.get("method") == "post":
            self.found.append((given.get("action") or self.url, {}, []))
        elif name and self.found and (tag == "textarea" or (tag == "input" and kind != "submit")):
            _action, sent, texts = self.found[-1]
            is_text = tag == "textarea" or kind in TEXT
            sent.setdefault(name, given.get("value") or ("1" if is_text else ""))
            if is_text:
                texts.append(name)


def broken(client: Client, url: str) -> Iterator[str]:
    """Post each text of each form at `url` with NUL in it; yield what was not answered."""
    page = client.get(url)
    if page.status_code != 200 or not page["Content-Type"].startswith("text/html"):
        return
    for action, sent, texts in Forms(page.content.decode(), url).found:
        for name in texts if not any(each in action for each in NOT_TRIED) else []:
            status = client.post(action, {**sent, name: f"{sent[name]}a\0b"}).status_code
            if status >= 500:
                yield f"{action} {name}: {status}"


def tried(client: Client, urls: list[str]) -> list[str]:
    client.raise_request_exception = False
    return [each for url in urls for each in broken(client, url)]


def test_pages_of_a_person(owner, owned):  # noqa: F811
    owned.pop("passkey").delete()  # not one that a device made
    pages = [f"/generate/{slug}/" for slug in built_in]
    for route, _pattern in routes(get_resolver()):
        if route.startswith("admin/") or "^" in route or "<slug:" in route:
            continue
        if "<" not in route:
            pages.append(f"/{route}")
        elif kind_of(route) in owned:
            pages.append(address(route, owned[kind_of(route)].pk))
    assert tried(recently_proven(owner), pages) == []


@pytest.mark.usefixtures("admin")
def test_pages_of_nobody(client):
    pages = ["/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"]
    assert tried(client, pages) == []


def test_the_administration(admin_client, owner):
    furnish(owner, make_spec())
    pages = all_pages()
    lists = [url for url in pages if url.count("/") == 4]
    assert tried(admin_client, [*pages, *(f"{url}add/" for url in lists)]) == []
