"""Runs at their limits: they wait for their turn and say so, and answers that are cut say why."""

import time
from decimal import Decimal

import pytest
from django.template.loader import render_to_string

from chat.bubbles import bubble_of
from chat.models import Message
from providers.errors import LimitReached
from providers.models import ModelSpec
from providers.values import Delta
from runs import actions, claims
from runs.models import Attempt
from runs.states import State
from tests.runs.scripted import END, REPORTED
from usage.limits import set_limits
from usage.models import Limit, UsageRecord


def status(answer: Message) -> str:
    found = Message.objects.select_related("run__model", "run__served_by").get(pk=answer.pk)
    return render_to_string("chat/_message_status.html", {"bubble": bubble_of(found)})


@pytest.fixture(autouse=True)
def _often(monkeypatch):
    monkeypatch.setattr("runs.stream.LOOK_AT_KEYS", 0.1)


def waited_for(run, kind: str, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while run.error_kind != kind:
        assert time.monotonic() < deadline
        time.sleep(0.02)
        run.refresh_from_db()


@pytest.fixture
def heard(monkeypatch) -> list[dict]:
    found: list[dict] = []
    monkeypatch.setattr("runs.actions.publish", lambda topic, hint: found.append(hint))
    return found


def test_who_waits_at_a_limit_is_told_until_its_turn_comes(play, until, person, heard):
    set_limits(person, max_streams=1)
    Limit.objects.update(open_calls=1)
    exchange, _ = play(["At ", 1.5, "last", END])
    run = exchange.answer.run
    waited_for(run, "limit_streams")
    assert run.state == "running"
    assert "Waiting: a limit is reached" in status(exchange.answer)
    told = len(heard)
    assert told == 1
    time.sleep(0.5)
    assert len(heard) == told, "each look that finds the same is no news"
    Limit.objects.update(open_calls=0)
    waited_for(run, "")
    assert "Waiting" not in status(exchange.answer)
    until(run, "done")
    assert run.error_kind == ""
    assert Message.objects.get(pk=exchange.answer.pk).text == "At last"


def test_a_wait_can_be_stopped(play, until, person):
    set_limits(person, max_streams=1)
    Limit.objects.update(open_calls=1)
    exchange, backend = play(["Never", END])
    waited_for(exchange.answer.run, "limit_streams")
    actions.request_stop(exchange.answer.run)
    run = until(exchange.answer.run, "stopped")
    assert run.error_kind == ""
    assert backend.prompts == []
    assert not UsageRecord.objects.exists()


def test_a_wait_that_is_handed_over_stands_in_line_again(ask):
    run = claims.claim(ask().pk, "w")
    actions.note_wait(run, "limit_streams")
    assert run.waits_for == "limit_streams"
    actions.requeue(run)
    run.refresh_from_db()
    assert (run.state, run.error_kind, run.waits_for) == ("queued", "", "queued")


def test_a_wait_is_noted_by_its_own_fence_alone(ask, heard):
    run = claims.claim(ask().pk, "w")
    heard.clear()
    type(run).objects.update(fence=run.fence + 1)
    actions.note_wait(run, "limit_streams")
    run.refresh_from_db()
    assert (run.error_kind, heard) == ("", [])


CUT = Delta(finish_reason="length", usage=REPORTED)


def cut_answer(play, until, person, spec, dollars: str) -> Message:
    ModelSpec.objects.update(input_price=0, output_price=1)
    spec.refresh_from_db()
    set_limits(person, month_budget=Decimal(dollars))
    exchange, _ = play(["As far as it goes", CUT])
    until(exchange.answer.run, "done")
    return exchange.answer


def test_an_answer_that_a_budget_cut_says_so(play, until, person, spec):
    answer = cut_answer(play, until, person, spec, "0.0003")  # pays for 300 of 500 tokens
    assert "The answer ended where a limit or budget ended." in status(answer)
    answer.refresh_from_db()
    assert answer.run.error_kind == LimitReached.kind
    assert Attempt.objects.get().error_kind == "", "the call itself went well"
    assert UsageRecord.objects.get().outcome == "length"
    assert answer.is_unfinished


def test_an_answer_of_the_models_own_length_says_that(play, until, person, spec):
    answer = cut_answer(play, until, person, spec, "1")
    assert "The answer reached the length limit." in status(answer)
    assert answer.run.state != State.FAILED
