"""One Run from its claim to its end, on a real engine, Postgres and Valkey."""

import time

import pytest
import redis
from django.conf import settings

from accounts.actions import deactivate_user, erase_user
from accounts.models import User
from chat.models import Message
from providers.errors import AuthenticationFailed, RateLimited, StreamCut
from providers.values import Delta
from runs import actions
from runs.buffer import text_key
from runs.models import Attempt
from tests.runs.scripted import END, REPORTED
from usage.models import UsageRecord


def test_an_answer_is_written_once_and_charged_as_reported(play, until):
    exchange, backend = play(["Good ", 0.01, "morning."], [])
    backend.scripts[0].append(END)
    run = until(exchange.answer.run, "done")
    assert Message.objects.get(pk=exchange.answer.pk).text == "Good morning."
    assert run.finish_reason == "stop"
    assert run.first_text_at is not None
    record = UsageRecord.objects.get()
    assert (record.state, record.is_reported) == ("settled", True)
    assert (record.input_tokens, record.output_tokens) == (11, 7)
    assert Attempt.objects.get().ended_at is not None


def test_text_is_in_the_buffer_while_it_is_written(play, until):
    exchange, _ = play(["In the ", 0.6, "buffer", END])
    run = until(exchange.answer.run, "running")
    time.sleep(0.3)
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        assert client.get(text_key(run.pk, 1)) == b"In the "
    until(run, "done")


def test_a_second_delivery_leaves_at_once(play, until, engine):
    exchange, backend = play(["Once", 0.2, END])
    for _ in range(49):
        engine.submit(exchange.answer.run.pk)
    until(exchange.answer.run, "done")
    assert len(backend.prompts) == 1
    assert UsageRecord.objects.count() == 1


def test_an_error_before_text_is_tried_again(play, until):
    exchange, _ = play([RateLimited(retry_after=0.05)], [StreamCut()], ["Third time", END])
    until(exchange.answer.run, "done")
    assert Message.objects.get(pk=exchange.answer.pk).text == "Third time"
    kinds = list(Attempt.objects.order_by("number").values_list("error_kind", flat=True))
    assert kinds == ["rate_limit", "cut_stream", ""]
    states = list(UsageRecord.objects.order_by("created_at").values_list("state", flat=True))
    assert states == ["released", "released", "settled"]


def test_an_error_that_will_not_pass_fails_at_once(play, until):
    exchange, backend = play([AuthenticationFailed()])
    run = until(exchange.answer.run, "failed")
    assert run.error_kind == "authentication"
    assert len(backend.prompts) == 1


def test_attempts_end(play, until):
    exchange, backend = play(*[[RateLimited(retry_after=0.01)]] * 5)
    until(exchange.answer.run, "failed")
    assert len(backend.prompts) == settings.RUN_MAX_ATTEMPTS


def test_a_provider_that_asks_for_too_much_patience_fails(play, until):
    exchange, _ = play([RateLimited(retry_after=3600)])
    assert until(exchange.answer.run, "failed", seconds=3).error_kind == "rate_limit"


def test_no_second_attempt_once_text_was_shown(play, until):
    exchange, backend = play(["Half of it", StreamCut()], ["Never", END])
    run = until(exchange.answer.run, "interrupted")
    assert Message.objects.get(pk=exchange.answer.pk).text == "Half of it"
    assert (run.error_kind, len(backend.prompts)) == ("cut_stream", 1)
    record = UsageRecord.objects.get()
    assert (record.state, record.is_reported) == ("settled", False)
    assert 0 < record.output_tokens <= record.held_output_tokens


def test_a_stream_that_ends_without_a_reason_is_never_done(play, until):
    exchange, _ = play(["No end"])
    assert until(exchange.answer.run, "interrupted").finish_reason == ""


def test_stop_closes_the_upstream_within_a_second_and_keeps_the_text(play, until):
    exchange, backend = play(["Kept", 30.0, END])
    run = until(exchange.answer.run, "running")
    time.sleep(0.3)
    begun = time.monotonic()
    actions.request_stop(run)
    until(run, "stopped", seconds=3)
    assert time.monotonic() - begun < 1.0
    assert backend.closed == 1
    assert Message.objects.get(pk=exchange.answer.pk).text == "Kept"


def test_a_drain_gives_back_what_nobody_saw_and_ends_what_somebody_did(play, until, engine):
    exchange, _ = play([30.0, "Late", END])
    run = until(exchange.answer.run, "running")
    engine.drain(0.1)
    assert until(run, "queued").fence == 1
    record = UsageRecord.objects.get()  # the model may have begun to think already
    assert (record.state, record.outcome, record.is_reported) == ("settled", "handed_over", False)
    assert (record.input_tokens, record.output_tokens) == (record.held_input_tokens, 0)


def test_a_drain_ends_what_was_shown(play, until, engine):
    exchange, _ = play(["Shown", 30.0, END])
    until(exchange.answer.run, "running")
    time.sleep(0.3)
    engine.drain(0.1)
    until(exchange.answer.run, "interrupted")
    assert Message.objects.get(pk=exchange.answer.pk).text == "Shown"


@pytest.mark.parametrize("text", ["nul \x00 inside", "astral 🜚", "é e\u0301"])
def test_any_text_is_kept(play, until, text):
    exchange, _ = play([text, END])
    until(exchange.answer.run, "done")
    kept = Message.objects.get(pk=exchange.answer.pk).text
    assert kept == text.replace("\x00", "\ufffd")


def test_usage_that_comes_after_the_reason_is_reported(play, until):
    exchange, _ = play(["Text", Delta(finish_reason="stop"), Delta(usage=REPORTED)])
    until(exchange.answer.run, "done")
    assert UsageRecord.objects.get().is_reported


def test_a_final_run_keeps_no_text_of_its_own(play, until):
    exchange, _ = play(["Secret", END])
    run = until(exchange.answer.run, "done")
    assert (run.text, run.prefix) == ("", "")
    assert Message.objects.get(run=run).text == "Secret"


@pytest.mark.parametrize("leave", [deactivate_user, erase_user])
def test_a_person_who_may_no_longer_ask_stops_being_answered(play, until, person, leave):
    User.objects.create_superuser("root@example.test", "x")
    exchange, backend = play(["Shown", 30.0, END])
    run = until(exchange.answer.run, "running")
    time.sleep(0.3)
    begun = time.monotonic()
    leave(person)
    until(run, "stopped", seconds=3)
    assert time.monotonic() - begun < 1.5
    assert backend.closed == 1
