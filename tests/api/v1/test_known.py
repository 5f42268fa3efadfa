"""Who calls is looked up once a second; what was taken away counts at once all the same."""

import datetime as dt
import time
from decimal import Decimal

import openai
import pytest

from accounts.actions import deactivate_user
from accounts.api_keys import Scope, change_key, revoke_key, rotate_key
from accounts.models import ApiKey, Endpoint, Team
from api.v1 import known
from tests.api.v1.ledger import records

HELLO = [{"role": "user", "content": "Hello?"}]


def ask(client):
    return client.chat.completions.create(model="house-model", messages=HELLO)


@pytest.fixture
def asked(client, model) -> openai.OpenAI:
    """A client that was answered just now."""
    known.forget()
    ask(client)
    return client


def revoked(key, owner):
    revoke_key(key)


def narrowed_to_another_network(key, owner):
    change_key(key, key.name, Scope(networks=("203.0.113.0/24",)))


def narrowed_to_other_models(key, owner):
    change_key(key, key.name, Scope(model_names=("another",)))


def narrowed_to_other_endpoints(key, owner):
    change_key(key, key.name, Scope(endpoints=(Endpoint.EMBEDDINGS.value,)))


def suspended(key, owner):
    deactivate_user(owner)


def rotated_without_overlap(key, owner):
    rotate_key(key, dt.timedelta())


@pytest.mark.parametrize(
    ("taken_away", "status"),
    [
        (revoked, 401),
        (narrowed_to_another_network, 401),
        (narrowed_to_other_models, 404),
        (narrowed_to_other_endpoints, 403),
        (suspended, 401),
        (rotated_without_overlap, 401),
    ],
)
def test_what_is_taken_from_a_key_counts_with_its_next_request(
    asked, owner, taken_away, status, fake
):
    taken_away(ApiKey.objects.get(), owner)
    with pytest.raises(openai.APIStatusError) as refused:
        ask(asked)
    assert refused.value.status_code == status
    assert len(fake.calls) == 1


def test_what_is_given_counts_with_the_next_request_too(asked, owner, fake):
    key = ApiKey.objects.get()
    change_key(key, key.name, Scope(model_names=("another",)))
    with pytest.raises(openai.NotFoundError):
        ask(asked)
    change_key(key, key.name, Scope())
    assert ask(asked)


def within_a_second(look, patience: float = 1.5) -> bool:
    """Ask again until `look` says so; a second and what the answers themselves take."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if look():
            return True
        time.sleep(0.05)
    return False


def is_refused(client) -> bool:
    try:
        ask(client)
    except openai.NotFoundError:
        return True
    return False


def test_a_model_that_is_switched_off_is_gone_within_a_second(asked, model):
    model.is_enabled = False
    model.save()
    assert within_a_second(lambda: is_refused(asked))


def test_a_model_that_is_limited_to_others_is_gone_within_a_second(asked, model):
    model.teams.add(Team.objects.create(name="Others"))
    assert within_a_second(lambda: is_refused(asked))


def test_a_price_counts_within_a_second(asked, model):
    model.input_price = Decimal(7)
    model.save()

    def counts() -> bool:
        ask(asked)
        return records()[-1].input_price == 7

    assert within_a_second(counts)


def test_many_programs_fill_no_memory(asked, monkeypatch):
    monkeypatch.setattr(known, "_MOST", 3)
    for number in range(10):
        known._known[number] = (time.monotonic() + 1, None)
    assert asked.models.list()
    with pytest.raises(openai.NotFoundError):
        asked.chat.completions.create(model="unknown", messages=HELLO)
    time.sleep(known.SECONDS)
    ask(asked)
    assert len(known._known) <= 3
