"""People who proved a moment ago who they are, and a catalogue with a model for a team."""

from types import SimpleNamespace

import pytest
from django.test import Client

from accounts.actions import save_team
from accounts.models import Team, User
from providers.models import ModelSpec, Provider
from tests.people import PASSWORD, signed_in


def recently_proven(user: User) -> Client:
    client = signed_in(user)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


@pytest.fixture
def holder(owner) -> Client:
    """The owner, who may make keys."""
    return recently_proven(owner)


@pytest.fixture
def house(outsider) -> SimpleNamespace:
    """`plain` is everybody's, `theirs` the outsider's team's, `nameless` no program's."""
    provider = Provider.objects.create(name="P", base_url="http://127.0.0.1:1/v1")

    def model(name: str, public_name: str | None) -> ModelSpec:
        return ModelSpec.objects.create(
            provider=provider, name=name, label=name.title(), public_name=public_name
        )

    theirs = model("theirs", "their-model")
    team = Team(name="Others")
    save_team(team, [outsider])
    theirs.teams.set([team])
    return SimpleNamespace(
        plain=model("plain", "plain-model"), theirs=theirs, nameless=model("nameless", None)
    )
