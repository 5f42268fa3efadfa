"""A real Chromium; a page that logs an error or breaks the policy fails.

Two servers: `base` is Django's live server in the test's process (pages alone), `house` is the
whole thing, uvicorn and a worker as processes of their own, where only the model is fake.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.test import TransactionTestCase
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from accounts.models import User
from providers.actions import store_credential
from providers.models import ModelSpec, Provider
from tests import chromium
from tests.browser.house import House
from tests.fake_backend import FakeBackend, in_thread
from tests.people import make_administrator, signed_in

# Playwright's synchronous interface keeps an event loop in the test's thread; the tests still use
# the database there, one at a time.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

expect.set_options(timeout=15_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser/" in str(item.path):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.django_db(transaction=True))


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    # Raises NoBrowser where there is none: then each of these tests fails by name.
    own = {"executable_path": chromium.path(), "args": chromium.ARGUMENTS}
    return {**browser_type_launch_args, **own}


def listen(page: Page, found: list[str]) -> None:
    """Note what breaks in a page's scripts: not that a next page cuts a fading one short."""

    def broken(error: Any) -> None:
        if not str(error).startswith("Transition was"):
            found.append(str(error))

    page.on("pageerror", broken)


@pytest.fixture
def complaints(context: BrowserContext) -> Iterator[list[str]]:
    """What the pages of a test complained of; a test may take out what it expects."""
    found: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error":
            found.append(f"{message.text} ({message.location.get('url')})")

    context.on("console", heard)
    context.on("page", lambda page: listen(page, found))
    for page in context.pages:
        listen(page, found)
    yield found
    assert found == []


@pytest.fixture
def base(live_server: Any) -> str:
    """The live server by its name: passkeys need one."""
    return live_server.url.replace("127.0.0.1", "localhost")


KEPT = ("django_content_type", "auth_permission", "django_migrations", "accounts_rightsversion")


def empty(*_: object) -> None:
    """Empty the tables, in spite of what web and worker are just doing with them."""
    tables = [name for name in connection.introspection.table_names() if name not in KEPT]
    for _attempt in range(10):
        try:
            with connection.cursor() as cursor:
                cursor.execute("TRUNCATE " + ", ".join(f'"{name}"' for name in tables))
            return
        except OperationalError:  # a deadlock with one of them
            connection.close()
    raise AssertionError("the tables could not be emptied")


@pytest.fixture(scope="session")
def house(
    django_db_setup: None,
    django_db_blocker: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[House]:
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        name = connection.settings_dict["NAME"]
    house = House(name, Path(tmp_path_factory.mktemp("house")))
    house.run("manage.py", "collectstatic", "--noinput", "-v0")
    house.start_worker()
    try:
        house.start_web()
        with patch.object(TransactionTestCase, "_fixture_teardown", empty):
            yield house
    finally:
        house.stop()


@pytest.fixture(scope="session")
def fake() -> Iterator[FakeBackend]:
    with in_thread() as fake:
        yield fake


@pytest.fixture
def model(transactional_db: None, fake: FakeBackend) -> ModelSpec:
    """What answers: 20 words, unless a test queues something else on `fake`."""
    fake.reset()
    provider = Provider.objects.create(name="The fake", base_url=fake.base_url, allow_private=True)
    store_credential(provider, "sk-test-0123456789abcdef")
    return ModelSpec.objects.create(
        provider=provider, name="fake-d20", label="Fake Model", is_default=True, makes_titles=False
    )


@pytest.fixture
def person(transactional_db: None) -> User:
    return make_administrator("ada@example.test")


@pytest.fixture
def enter(browser: Browser, house: House) -> Iterator[Callable[..., Page]]:
    """Open a window in which `user` is signed in. What breaks in the page's scripts fails."""
    opened: list[BrowserContext] = []
    broken: list[str] = []

    def window(user: User | None = None, width: int = 1280, height: int = 900, **more) -> Page:
        context = browser.new_context(
            base_url=house.url, viewport={"width": width, "height": height}, **more
        )
        opened.append(context)
        if user is not None:
            key = signed_in(user).cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies(
                [{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": house.url}]
            )
        page = context.new_page()
        listen(page, broken)
        page.on(
            "console",
            lambda message: (
                broken.append(message.text) if "Content Security Policy" in message.text else None
            ),
        )
        return page

    yield window
    for context in opened:
        context.close()
    assert broken == []
