"""Streams that are stopped, drained or troubled at the worst moment; the others go on."""

import time

import pytest
import redis
from django.conf import settings
from django.db import OperationalError

from chat.models import Message
from providers.errors import RateLimited
from runs import actions
from runs import engine as engine_module
from runs.buffer import fence_key, text_key
from runs.models import Attempt, Run
from runs.stream import Reason
from tests.runs.scripted import END
from usage.models import UsageRecord


def wait_for(condition, seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def text_of(run: Run) -> str:
    return Message.objects.get(run=run).text


def test_a_stop_while_first_texts_are_committed_takes_nobody_elses_answer(
    play, until, engine, monkeypatch
):
    real, slowed = engine_module.mark_first_text, []

    def slow(marks):
        slowed.append(len(marks))
        time.sleep(0.4)
        return real(marks)

    monkeypatch.setattr("runs.engine.mark_first_text", slow)
    play(["First in line", END])
    wait_for(lambda: slowed)
    stopped = play(["Stopped", 5.0, END])[0].answer.run
    wait_for(lambda: stopped.pk in engine.streams and engine.streams[stopped.pk].pending)
    waiting = play(["Waiting", END])[0].answer.run
    wait_for(lambda: slowed == [1, 2])  # these two share a statement, which the first one sent
    engine.loop.call_soon_threadsafe(engine.streams[stopped.pk].interrupt, Reason.STOP)
    until(waiting, "done", seconds=5)
    assert text_of(waiting) == "Waiting"
    until(stopped, "stopped")


def test_a_stop_while_a_failed_attempt_is_closed_leaves_no_hold(play, until, engine, monkeypatch):
    real, entered = actions.end_attempt, []

    def slow(*args):
        entered.append(args)
        time.sleep(0.3)
        return real(*args)

    monkeypatch.setattr("runs.stream.actions.end_attempt", slow)
    run = play([RateLimited(retry_after=5.0)], [END])[0].answer.run
    wait_for(lambda: entered)
    engine.loop.call_soon_threadsafe(engine.streams[run.pk].interrupt, Reason.STOP)
    until(run, "stopped")
    assert UsageRecord.objects.get().state == "released"
    assert not Attempt.objects.filter(ended_at=None).exists()


def test_a_commit_that_was_not_heard_of_starts_no_second_attempt(play, until, monkeypatch):
    real, calls = actions.begin_attempt, []

    def deaf(run, number):
        call = real(run, number)
        calls.append(call)
        if len(calls) == 1:
            raise OperationalError("server closed the connection unexpectedly")
        return call

    monkeypatch.setattr("runs.stream.actions.begin_attempt", deaf)
    exchange, backend = play(["Once", END])
    until(exchange.answer.run, "done")
    assert len(backend.prompts) == 1
    states = list(UsageRecord.objects.order_by("created_at").values_list("state", flat=True))
    assert states == ["released", "settled"]
    assert not Attempt.objects.filter(ended_at=None).exists()


def test_a_drain_that_comes_with_the_first_text_ends_the_run(play, until, engine, monkeypatch):
    real, entered = engine_module.mark_first_text, []

    def slow(marks):
        kept = real(marks)
        entered.append(kept)
        time.sleep(0.3)
        return kept

    monkeypatch.setattr("runs.engine.mark_first_text", slow)
    run = play(["Committed for showing", 30.0, END])[0].answer.run
    wait_for(lambda: entered)
    engine.drain(0.01)
    assert until(run, "interrupted", seconds=1).lease_expires_at is None


def test_a_drained_engine_takes_nothing_more(play, engine):
    engine.drain(0.01)
    run = play(["Never", END])[0].answer.run
    time.sleep(0.2)
    run.refresh_from_db()
    assert (run.state, run.fence) == ("queued", 0)


def test_a_worker_that_lost_its_run_ends_its_call_and_writes_nothing(play, until, engine):
    exchange, backend = play(["Mine", 30.0, END])
    run = exchange.answer.run
    wait_for(lambda: Run.objects.get(pk=run.pk).first_text_at)
    Run.objects.filter(pk=run.pk).update(fence=2)
    wait_for(lambda: backend.closed)
    wait_for(lambda: not engine.streams)
    run.refresh_from_db()
    assert (run.state, run.fence, text_of(run)) == ("running", 2, "")


def test_a_worker_fenced_in_redis_shows_nothing_more(play, until, engine):
    run = play(["Before", 0.4, "after", 30.0, END])[0].answer.run
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        wait_for(lambda: client.get(text_key(run.pk, 1)) == b"Before")
        client.set(fence_key(run.pk), 2)
        wait_for(lambda: not engine.streams)
        assert client.get(text_key(run.pk, 1)) == b"Before"


def test_a_buffer_that_was_lost_is_written_anew(play, until):
    run = play(["First ", 0.3, "second ", 0.3, "third", 0.3, END])[0].answer.run
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        wait_for(lambda: client.get(text_key(run.pk, 1)) == b"First ")
        client.flushall()
        wait_for(lambda: client.get(text_key(run.pk, 1)) == b"First second ")
        client.delete(text_key(run.pk, 1))
        wait_for(lambda: client.get(text_key(run.pk, 1)) == b"First second third")
    until(run, "done")
    assert text_of(run) == "First second third"


def test_a_round_of_frames_that_fails_ends_no_other_stream(play, until, engine, monkeypatch):
    real, failed = engine.framer.buffer.append, []

    async def broken(pipe, frame, known):
        if not failed:
            failed.append(frame)
            raise RuntimeError("out of order")
        await real(pipe, frame, known)

    monkeypatch.setattr(engine.framer.buffer, "append", broken)
    run = play(["One ", 0.3, "two", 0.3, END])[0].answer.run
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        wait_for(lambda: client.get(text_key(run.pk, 1)) == b"One two")
    until(run, "done")


def test_a_full_worker_serves_all_that_wait_as_places_get_free(play, until, settings):
    settings.RUN_STREAMS_PER_WORKER = 1
    first = play(["a", 0.5, END])[0].answer.run
    until(first, "running")
    # The last one's answers, unless places get free before all have asked.
    waiting = [play(["b", END], ["c", END], ["d", END]) for _ in range(3)]
    for exchange, _ in waiting:
        until(exchange.answer.run, "done", seconds=4)


@pytest.mark.parametrize("doomed", ["mark_first_text", "write_checkpoints"])
def test_a_database_that_goes_away_is_waited_for(play, until, monkeypatch, doomed):
    real, refused = getattr(engine_module, doomed), []

    def away(*args):
        if len(refused) < 3:
            refused.append(args)
            raise OperationalError("the database system is shutting down")
        return real(*args)

    monkeypatch.setattr(f"runs.engine.{doomed}", away)
    run = play(["Patience", 1.2, END])[0].answer.run
    until(run, "done")
    assert len(refused) == 3
    assert text_of(run) == "Patience"
