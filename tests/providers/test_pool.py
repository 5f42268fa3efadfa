"""Which of a provider's keys a call takes: awake, first by priority, by weight among equals."""

import datetime as dt
from collections import Counter

import pytest
from django.db.models.functions import Now

from providers.actions import add_provider, store_credential
from providers.models import Credential, Provider
from providers.order import in_turn

pytestmark = pytest.mark.django_db
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def provider() -> Provider:
    return add_provider("Many Keys", "https://models.example.test/v1")


def key(provider: Provider, name: str, **fields) -> Credential:
    stored = store_credential(provider, f"sk-{name}-0123456789abcdef", name=name)
    if fields:
        Credential.objects.filter(pk=stored.pk).update(**fields)
    return stored


def turn(provider: Provider) -> list[str]:
    return [each.name for each in in_turn(Credential.objects.usable(provider))]


def test_a_lower_number_goes_first(provider):
    for name, priority in (("c", 7), ("a", 0), ("b", 3)):
        key(provider, name, priority=priority)
    for _ in range(10):
        assert turn(provider) == ["a", "b", "c"]


def test_equals_share_by_their_weights(provider):
    key(provider, "one", weight=1)
    key(provider, "three", weight=3)
    first = Counter(turn(provider)[0] for _ in range(600))
    # 150 expected of 600; a fair shuffle stays within six deviations of 10.6.
    assert 86 < first["one"] < 214


def test_who_rests_comes_after_all_who_do_not(provider):
    key(provider, "best", rests_until=Now() + MINUTE)
    key(provider, "spare", priority=9)
    assert turn(provider) == ["spare", "best"]


def test_when_all_rest_the_first_to_wake_is_first(provider):
    key(provider, "late", rests_until=Now() + 5 * MINUTE)
    key(provider, "soon", rests_until=Now() + MINUTE, priority=9)
    assert turn(provider) == ["soon", "late"]


def test_a_rest_that_is_over_is_none(provider):
    key(provider, "rested", rests_until=Now() - MINUTE)
    key(provider, "spare", priority=1)
    assert turn(provider) == ["rested", "spare"]


def test_a_lone_key_is_tried_though_it_rests(provider):
    key(provider, "only", rests_until=Now() + MINUTE)
    assert turn(provider) == ["only"]


def test_what_a_rotation_replaced_comes_after_its_equals_and_before_the_next_priority(provider):
    key(provider, "old", retires_at=Now() + 5 * MINUTE)
    key(provider, "older", retires_at=Now() + MINUTE)
    key(provider, "new")
    key(provider, "spare", priority=1)
    for _ in range(10):
        assert turn(provider) == ["new", "old", "older", "spare"]


@pytest.mark.parametrize(
    "fields",
    [
        {"is_enabled": False},
        {"origin": "https://elsewhere.example.test"},
        {"origin": ""},
        {"retires_at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)},
    ],
)
def test_what_may_not_be_sent_is_not_in_turn(provider, fields):
    key(provider, "not", **fields)
    key(provider, "good")
    assert turn(provider) == ["good"]


def test_the_keys_of_another_provider_are_not_taken(provider):
    other = add_provider("Other", provider.base_url)
    key(other, "theirs")
    assert turn(provider) == []


def test_a_question_about_the_server_takes_the_first_in_order(provider):
    key(provider, "later", priority=1)
    key(provider, "old", retires_at=Now() + MINUTE)
    key(provider, "first")
    assert provider.current_secret() == "sk-first-0123456789abcdef"
