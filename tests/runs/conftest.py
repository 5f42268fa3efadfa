import uuid
from collections.abc import Callable, Iterator

import pytest

from accounts.models import User
from chat.actions import Exchange, start_conversation
from providers.models import ModelSpec, Provider
from runs.engine import Engine
from runs.models import Run
from tests.runs.scripted import ScriptedBackend


@pytest.fixture
def person(db: None) -> User:
    return User.objects.create_user("person@example.test", "x")


@pytest.fixture
def spec(db: None) -> ModelSpec:
    provider = Provider.objects.create(name="Scripted", base_url="http://127.0.0.1:1/v1")
    return ModelSpec.objects.create(
        provider=provider,
        name="scripted",
        label="Scripted",
        context_window=2000,
        max_output_tokens=500,
        makes_titles=False,
    )


@pytest.fixture
def ask(person: User, spec: ModelSpec) -> Callable[..., Run]:
    """Queue a Run as a question in a new conversation does; the transaction stays open."""

    def queue(user: User = person, model: ModelSpec = spec, **fields: object) -> Run:
        run = start_conversation(user, "Hello?", model, uuid.uuid4()).answer.run
        assert run is not None
        if fields:
            Run.objects.filter(pk=run.pk).update(**fields)
            run.refresh_from_db()
        return run

    return queue


@pytest.fixture
def engine(transactional_db: None) -> Iterator[Engine]:
    """A worker's engine in this process."""
    engine = Engine()
    yield engine
    engine.drain(0.1)
    engine.close()


@pytest.fixture
def play(
    monkeypatch: pytest.MonkeyPatch, engine: Engine, person: User, spec: ModelSpec
) -> Callable[..., tuple[Exchange, ScriptedBackend]]:
    """Ask one question whose answer is scripted; the engine takes it at once."""
    monkeypatch.setattr("runs.actions.hint_worker", engine.submit)

    def ask(*scripts: list) -> tuple[Exchange, ScriptedBackend]:
        backend = ScriptedBackend(*scripts)
        monkeypatch.setattr("usage.metered.backend_for", lambda spec, credential: backend)
        return start_conversation(person, "Hello?", spec, uuid.uuid4()), backend

    return ask


@pytest.fixture
def until() -> Callable[..., Run]:
    """Wait until a Run is in one of the given states, and return it."""
    import time

    def wait(run: Run, *states: str, seconds: float = 10) -> Run:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            run.refresh_from_db()
            if run.state in states:
                return run
            time.sleep(0.02)
        raise AssertionError(f"{run} did not become {states}")

    return wait
