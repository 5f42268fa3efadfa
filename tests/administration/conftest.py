from types import SimpleNamespace

import pytest

from accounts.models import User
from providers.models import ModelSpec
from tests.administration.scenery import furnish, make_spec


@pytest.fixture
def spec(db) -> ModelSpec:
    return make_spec()


@pytest.fixture
def lived_in(owner: User, spec: ModelSpec) -> SimpleNamespace:
    return furnish(owner, spec)
