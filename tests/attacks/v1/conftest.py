"""The API as in its own tests; and requests as bytes, for what no HTTP client would send."""

import socket
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest

from tests.api.v1.conftest import fake, http, model, origin, provider, secret
from usage.models import UsageRecord

__all__ = ["fake", "http", "model", "origin", "provider", "secret"]


@pytest.fixture
def wire(origin) -> Iterator[Callable[[], socket.socket]]:
    """Open connections to the server, closed after the test."""
    place, opened = urlsplit(origin), []

    def connect() -> socket.socket:
        opened.append(socket.create_connection((place.hostname, place.port), timeout=10))
        return opened[-1]

    yield connect
    for each in opened:
        each.close()


@pytest.fixture
def nothing_is_charged(model, http, fake) -> Iterator[None]:
    """Afterwards nothing was sent on or written down, and the server still answers."""
    yield
    assert not fake.calls
    assert not UsageRecord.objects.exists()
    assert http.get("/v1/models").status_code == 200
