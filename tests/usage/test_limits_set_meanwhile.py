"""Limits are set while their subject goes: a sentence or a limit that goes too, never a fault."""

import threading
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.db.models.deletion import Collector

from accounts.actions import delete_team, erase_user
from accounts.api_keys import issue_key
from accounts.models import Team, User
from providers.actions import add_model, add_provider, delete_models, delete_provider
from providers.models import ModelSpec
from providers.values import Prompt, Turn, Usage
from usage.actions import Settlement, hold, payer_of, settle
from usage.errors import SubjectGone
from usage.limits import remove_limits, set_limits
from usage.models import Limit

pytestmark = pytest.mark.django_db(transaction=True)
KINDS = ("user", "team", "key", "model", "provider")


@pytest.fixture
def spec() -> ModelSpec:
    provider = add_provider("P", "https://models.example.test/v1")
    return add_model(provider, "m", input_price=Decimal(1), output_price=Decimal(1))


@pytest.fixture
def subject_and_end(request, owner: User, admin: User, spec: ModelSpec) -> tuple[object, Callable]:
    """Something to limit, and what makes it go."""
    team = Team.objects.create(name="Leaving")
    return {
        "user": (owner, lambda: erase_user(User.objects.get(pk=owner.pk))),
        "team": (team, lambda: delete_team(team)),
        "key": (issue_key(owner, "k")[0], lambda: erase_user(User.objects.get(pk=owner.pk))),
        "model": (spec, lambda: delete_models(ModelSpec.objects.filter(pk=spec.pk))),
        "provider": (spec, lambda: delete_provider(spec.provider)),
    }[request.param]


def in_thread(verb: Callable, outcomes: list[object]) -> threading.Thread:
    def run() -> None:
        try:
            outcomes.append(verb())
        except BaseException as error:
            outcomes.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.parametrize("subject_and_end", KINDS, indirect=True)
def test_who_is_just_being_deleted_is_waited_for_and_gone(subject_and_end, monkeypatch):
    subject, end = subject_and_end
    outcomes: list[object] = []
    threads = []
    delete = Collector.delete

    def slowly(self):
        if not threads:  # all that goes with it has been found
            threads.append(in_thread(lambda: set_limits(subject, max_streams=1), outcomes))
            threads[0].join(0.5)
            assert outcomes == [], "it has to wait"
        return delete(self)

    monkeypatch.setattr(Collector, "delete", slowly)
    end()
    threads[0].join(20)
    assert [type(outcome) for outcome in outcomes] == [SubjectGone]
    assert not Limit.objects.exists()


@pytest.mark.parametrize("subject_and_end", KINDS, indirect=True)
def test_limits_that_are_just_being_set_go_with_their_subject(subject_and_end):
    subject, end = subject_and_end
    outcomes: list[object] = []
    with transaction.atomic():
        set_limits(subject, max_streams=1)
        thread = in_thread(end, outcomes)
        thread.join(0.5)
        assert outcomes == [], "it has to wait"
    thread.join(20)
    assert outcomes == [None]
    assert not Limit.objects.exists()


def test_limits_come_and_go_while_calls_begin_and_end(owner, spec):
    """Whatever is there at the end counts nothing that has ended."""
    faults: list[object] = []
    barrier = threading.Barrier(4)

    def call() -> None:
        barrier.wait(10)
        for _ in range(15):
            with transaction.atomic():
                prompt = Prompt(turns=(Turn("user", "x"),), max_tokens=50)
                record = hold(payer_of(owner), "chat", spec, prompt)
            settle(record, Settlement(Usage(10, 10), True, "stop"))

    def change() -> None:
        barrier.wait(10)
        for _ in range(15):
            set_limits(owner, total_budget=Decimal(1), max_streams=50)
            remove_limits(owner)

    payer_of(owner)
    threads = [in_thread(verb, faults) for verb in (call, call, call, change)]
    for thread in threads:
        thread.join(60)
    assert faults == [None] * 4
    limit = set_limits(owner, total_budget=Decimal(1))
    assert (limit.open_calls, limit.held) == (0, 0)
    assert limit.total_spent == Decimal("0.00002") * 45
