"""Fixtures for every test: the cast, and settings that make them quick and quiet."""

from collections.abc import AsyncIterator

import pytest
from asgiref.sync import sync_to_async
from django.core.cache import cache
from django.db import connections
from django.test import Client

from accounts.models import User
from runs.rights import RightsWatch
from tests.people import make_administrator, make_person


@pytest.fixture(autouse=True)
def _quick_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _static_files_as_they_are(settings):
    """No manifest of collected files is needed to render a page."""
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture(autouse=True)
def _loopback(settings):
    """As on one's own machine: the first account needs no set-up link."""
    settings.SETUP_TOKEN_REQUIRED = False


@pytest.fixture
def _no_rates_used():
    """Forget the attempts that earlier tests made."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def owner(db) -> User:
    """The person whose things a test is about."""
    return make_person("owner@example.test", name="Olive Owner")


@pytest.fixture
def outsider(db) -> User:
    """Somebody signed in who has no right to the owner's things."""
    return make_person("outsider@example.test", name="Otto Outsider")


@pytest.fixture
def admin(db) -> User:
    return make_administrator()


@pytest.fixture
def owner_client(owner) -> Client:
    client = Client()
    client.force_login(owner)
    return client


@pytest.fixture
def outsider_client(outsider) -> Client:
    client = Client()
    client.force_login(outsider)
    return client


@pytest.fixture
def admin_client(admin) -> Client:
    client = Client()
    client.force_login(admin)
    return client


@pytest.fixture
async def sockets(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """What sockets share in a process, made anew: each async test has a loop of its own."""
    monkeypatch.setattr("runs.consumers.RunConsumer.buffer", None)
    monkeypatch.setattr("runs.consumers.watch", RightsWatch())
    yield
    await sync_to_async(connections.close_all)()  # those of the thread behind `sync_to_async`
