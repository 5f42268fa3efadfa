"""One house for all fault tests; each test finds every part alive and leaves its books closed."""

import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import environ
import pytest
from django.db import connections

from tests.faults.house import House
from tests.faults.readers import Readers, overhearing
from tests.faults.scene import Clock, Scene

FULL = os.environ.get("FAULT_REPEATS") == "50"  # `make faults`
SEED = int(os.environ.get("FAULT_SEED") or random.SystemRandom().randrange(10**6))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.faults)
            item.add_marker(pytest.mark.timeout(3600 if FULL else 300))


def pytest_report_header() -> str:
    return f"faults: FAULT_SEED={SEED} FAULT_REPEATS={'full' if FULL else 'sample'}"


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    """This test's own randomness, the same for the same FAULT_SEED."""
    print(f"FAULT_SEED={SEED}")
    return random.Random(f"{SEED} {request.node.name}")


@pytest.fixture
def times() -> Callable[[int, int], int]:
    """Return how often to repeat: a sample, or all of it in the full run."""
    return lambda sample, full: full if FULL else sample


@pytest.fixture(scope="session")
def standing_house() -> Iterator[House]:
    with tempfile.TemporaryDirectory(prefix="causerie-faults-") as folder:
        house = House(Path(folder))
        yield house
        house.stop()
        if os.environ.get("FAULT_LOGS"):
            shutil.copytree(Path(folder) / "logs", os.environ["FAULT_LOGS"], dirs_exist_ok=True)


@pytest.fixture
def house(standing_house: House, django_db_blocker) -> Iterator[House]:
    """The house, every part alive, with this process's ORM on its database."""
    standing_house.ensure()
    here = connections.settings["default"]
    url = environ.Env.db_url_config(standing_house.database_url)
    changed = {key: url[key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT")}
    changed["OPTIONS"] = {**here["OPTIONS"], **url["OPTIONS"]}
    before = {key: here[key] for key in changed}
    with django_db_blocker.unblock():
        _move(here, changed)
        try:
            yield standing_house
        finally:
            _move(here, before)


def _move(here: dict, addresses: dict) -> None:
    connections["default"].close()
    connections["default"].close_pool()
    here.update(addresses)
    connections["default"].settings_dict.update(addresses)


@pytest.fixture
def scene(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """A person, the fake as their provider, readers and a clock; afterwards all is checked."""
    clock = Clock(house)
    monkeypatch.setattr(
        "runs.actions.hint_worker", lambda run_id: clock.send("runs.tasks.execute", str(run_id))
    )
    monkeypatch.setattr("runs.hints._client", lambda: house.redis)
    readers = Readers()
    clock.start()
    with overhearing(house.redis_url) as overheard:
        made = Scene(house, clock, readers, overheard)
        made.reset_fake()
        try:
            yield made
            house.ensure()
            made.check()
        finally:
            clock.ended.set()
            clock.join()
            readers.close()
