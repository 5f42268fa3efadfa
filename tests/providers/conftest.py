import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from providers.backends.clients import Target, close_clients
from providers.backends.deadlines import Deadlines
from providers.backends.openai import OpenAIBackend
from providers.errors import ProviderError
from providers.values import Delta, Prompt, Turn
from tests.fake_backend import FakeBackend, in_thread, running

SECRET = "sk-test-4f1c9a7e2b8d60531122334455667788"
HELLO = Prompt((Turn("system", "Be brief."), Turn("user", "Hello?")), max_tokens=100)


@pytest.fixture
async def fake() -> AsyncIterator[FakeBackend]:
    async with running() as backend:
        yield backend
        await close_clients()


@pytest.fixture
def fake_in_thread() -> Iterator[FakeBackend]:
    """For code that runs a loop of its own, or none."""
    with in_thread() as backend:
        yield backend


def backend(fake: FakeBackend, model: str = "fake", **changes: Any) -> OpenAIBackend:
    deadlines = {"first_token": 5.0, "idle": 5.0, "total": 20.0}
    deadlines.update({key: changes.pop(key) for key in list(changes) if key in deadlines})
    target = Target(
        provider_id=changes.pop("provider_id", uuid.uuid4()),
        base_url=changes.pop("base_url", fake.base_url),
        secret=changes.pop("secret", SECRET),
        allow_private=changes.pop("allow_private", True),
    )
    assert not changes
    return OpenAIBackend(target, model, Deadlines(**deadlines))


async def read(
    called: OpenAIBackend, prompt: Prompt = HELLO, request_id: str = "req-1"
) -> list[Delta]:
    return [delta async for delta in called.stream(prompt, request_id=request_id)]


def text(deltas: list[Delta]) -> str:
    return "".join(delta.text for delta in deltas)


async def read_broken(
    called: OpenAIBackend, prompt: Prompt = HELLO
) -> tuple[list[Delta], ProviderError]:
    """Return what came before the error, and the error."""
    seen: list[Delta] = []
    try:
        async for delta in called.stream(prompt, request_id="broken"):
            seen.append(delta)
    except ProviderError as error:
        return seen, error
    raise AssertionError("the answer was whole")
