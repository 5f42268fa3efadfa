"""In which order a model's deployments are asked."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from providers.actions import add_model, add_provider
from providers.models import ModelSpec, Provider, Route
from providers.order import in_turn
from providers.routing import deployments_for


@dataclass(frozen=True)
class Choice:
    name: str
    priority: int = 0
    weight: int = 1
    rests_until: datetime | None = None

    @property
    def place(self) -> tuple[float, ...]:
        return (self.priority,)


def soon(seconds: float) -> datetime:
    return timezone.now() + timedelta(seconds=seconds)


def names(*choices: Choice) -> list[str]:
    return [each.name for each in in_turn(choices)]


def test_a_lower_priority_goes_first():
    assert names(Choice("c", 2), Choice("a", 0, 1), Choice("b", 1, 1000)) == ["a", "b", "c"]


def test_whoever_rests_goes_last_and_who_wakes_first_before_the_others():
    resting = Choice("long", 0, rests_until=soon(60)), Choice("short", 5, rests_until=soon(5))
    assert names(*resting, Choice("awake", 9)) == ["awake", "short", "long"]


def test_a_rest_that_is_over_is_none():
    assert names(Choice("b", 1), Choice("a", 0, rests_until=soon(-1))) == ["a", "b"]


def test_equals_share_by_weight():
    first = Counter(
        names(Choice("one", weight=1), Choice("three", weight=3))[0] for _ in range(4000)
    )
    assert 2800 < first["three"] < 3200  # 3,000 ± 7 standard deviations


@pytest.fixture
def provider(db) -> Provider:
    return add_provider("One", "https://one.example.test/v1")


@pytest.fixture
def model(provider) -> ModelSpec:
    return add_model(provider, "large")


@pytest.fixture
def other(db) -> ModelSpec:
    return add_model(add_provider("Other", "https://other.example.test/v1"), "large")


def asked(model: ModelSpec) -> list[ModelSpec]:
    return [each.spec for each in deployments_for(model)]


def test_a_model_without_routes_answers_itself(model, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert asked(model) == [model]


def test_a_route_stands_in_behind_it(model, other, django_assert_num_queries):
    Route.objects.create(model=model, to=other)
    with django_assert_num_queries(2):  # where there is a choice the keys are looked at
        found = deployments_for(model)
        assert [each.spec.provider.name for each in found] == ["One", "Other"]
    assert asked(other) == [other], "a route leads one way"


def test_only_what_completes_stands_in_for_a_model_that_only_completes(model, other):
    Route.objects.create(model=model, to=other)
    for spec, abilities in ((model, ["completions"]), (other, ["chat"])):
        ModelSpec.objects.filter(pk=spec.pk).update(abilities=abilities)
    model.refresh_from_db()
    assert asked(model) == [model]
    ModelSpec.objects.filter(pk=other.pk).update(abilities=["chat", "completions"])
    assert asked(model) == [model, other]


def test_what_is_switched_off_is_not_asked(model, other):
    route = Route.objects.create(model=model, to=other)
    Provider.objects.filter(pk=other.provider_id).update(is_enabled=False)
    assert asked(model) == [model]
    Provider.objects.update(is_enabled=True, base_url="https://x.example.test/v1")
    model.provider.base_url = ""
    assert asked(model) == [other], "its own server is gone; the other one is there"
    ModelSpec.objects.filter(pk=model.pk).update(is_enabled=False)
    model.refresh_from_db()
    assert asked(model) == [], "a model that is switched off is answered by nobody"
    assert route.pk


def test_routes_share_where_their_priority_is_that_of_the_model(model, other):
    Route.objects.create(model=model, to=other, priority=0, weight=1)
    assert len({asked(model)[0].pk for _ in range(60)}) == 2


def test_a_resting_model_lets_its_stand_in_go_first(model, other):
    Route.objects.create(model=model, to=other)
    ModelSpec.objects.filter(pk=model.pk).update(rests_until=soon(30))
    model.refresh_from_db()
    assert asked(model) == [other, model]


@pytest.mark.parametrize("wrong", ["itself", "twice", "weightless"])
def test_the_database_refuses_routes_that_make_no_sense(model, other, wrong):
    Route.objects.create(model=model, to=other)
    third = add_model(model.provider, "third")
    given = {
        "itself": {"to": model},
        "twice": {"to": other},
        "weightless": {"to": third, "weight": 0},
    }
    with pytest.raises(IntegrityError), transaction.atomic():
        Route.objects.create(model=model, **given[wrong])


def test_the_second_model_of_a_name_gets_its_providers_before_it(model, other):
    assert (model.public_name, other.public_name) == ("large", "other/large")
    again = add_model(add_provider("Other", "https://third.example.test/v1"), "large")
    assert again.public_name is None, "an administrator names it"
