"""The API as programs reach it: a real server on loopback, the fake as the models' provider."""

import socket
import threading
import time
from collections.abc import Iterator
from decimal import Decimal

import httpx2
import openai
import pytest

from accounts.api_keys import issue_key
from providers.actions import add_model, add_provider
from providers.models import ModelSpec, Provider
from tests.api.v1.ledger import settle_down
from tests.fake_backend import FakeBackend, in_thread

UPSTREAM_KEY = "sk-upstream-0123456789abcdef"


@pytest.fixture(scope="session")
def origin(django_db_setup: None) -> Iterator[str]:
    """Serve the application on a loop of its own, for as long as the tests go on."""
    from config.web import Server, configuration  # what they import needs the settings

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = Server(configuration())
        thread = threading.Thread(target=server.run, args=[[listener]], daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def fake() -> Iterator[FakeBackend]:
    with in_thread() as backend:
        yield backend


@pytest.fixture
def provider(transactional_db, fake) -> Provider:
    return add_provider(
        "Fake", fake.base_url, secret="sk-upstream-0123456789abcdef", allow_private=True
    )


@pytest.fixture
def model(provider) -> ModelSpec:
    """A model that costs a dollar for a million tokens of either kind."""
    return add_model(
        provider,
        "fake",
        public_name="house-model",
        input_price=Decimal(1),
        output_price=Decimal(1),
        max_output_tokens=1000,
    )


@pytest.fixture
def secret(transactional_db, owner) -> Iterator[str]:
    """A key's. At the end nothing is being written any more: the database is emptied then."""
    yield issue_key(owner, "a program's")[1]
    settle_down()


@pytest.fixture
def client(origin, secret) -> Iterator[openai.OpenAI]:
    """The official package, as its users have it but for the retries."""
    with openai.OpenAI(base_url=f"{origin}/v1", api_key=secret, max_retries=0) as made:
        yield made


@pytest.fixture
def http(origin, secret) -> Iterator[httpx2.Client]:
    """Requests as they are, with the key."""
    headers = {"Authorization": f"Bearer {secret}"}
    with httpx2.Client(base_url=origin, headers=headers, timeout=20) as made:
        yield made
