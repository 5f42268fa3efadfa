"""`Idempotency-Key`: asked twice, answered and paid once."""

import datetime as dt
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from django.db import connection
from django.utils import timezone

from accounts.api_keys import issue_key, revoke_key
from accounts.models import ApiKey
from api import actions
from api.models import KeptAnswer
from api.tasks import forget_kept_answers
from api.v1 import idempotency
from providers.actions import add_model
from tests.api.v1.ledger import records
from tests.api.v1.test_refusals import error_of
from usage.limits import set_limits
from usage.models import UsageRecord

CHAT = "/v1/chat/completions"
MESSAGES = [{"role": "user", "content": "A question that nobody else asks"}]
ASKED = {"model": "house-model", "messages": MESSAGES}
STREAMED = {**ASKED, "stream": True}
ONCE = {"Idempotency-Key": "order-4711"}


def until(what: Callable[[], object]) -> None:
    for _ in range(500):
        if what():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come to that")


def charged() -> list[str]:
    until(lambda: not UsageRecord.objects.filter(state=UsageRecord.State.HELD).exists())
    return [record.outcome for record in records() if record.state == "settled"]


def leave_amid(http: httpx2.Client, body: dict) -> None:
    """Ask for a stream, read its beginning and go away."""
    with http.stream("POST", CHAT, json=body, headers=ONCE) as answer:
        next(answer.iter_bytes())


@pytest.mark.parametrize("body", [ASKED, STREAMED], ids=["whole", "streamed"])
def test_the_same_bytes_come_again_for_nothing(http, model, fake, body):
    first = http.post(CHAT, json=body, headers=ONCE)
    again = http.post(CHAT, json=body, headers=ONCE)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.content == first.content
    for name in ("content-type", "x-causerie-deployment"):
        assert again.headers[name] == first.headers[name]
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert len(fake.calls) == 1
    assert charged() == ["stop"]


def test_without_the_header_nothing_is_kept(http, model, fake):
    assert http.post(CHAT, json=ASKED).content != http.post(CHAT, json=ASKED).content
    assert len(fake.calls) == 2
    assert not KeptAnswer.objects.exists()


@pytest.mark.parametrize("is_stream", [False, True])
def test_of_two_at_once_one_is_answered_and_the_other_told_to_wait(http, provider, fake, is_stream):
    add_model(provider, "fake-t500", public_name="slow")
    body = {**ASKED, "model": "slow", "stream": is_stream}
    start = threading.Barrier(2)

    def ask(_: int) -> httpx2.Response:
        start.wait()
        return http.post(CHAT, json=body, headers=ONCE)

    with ThreadPoolExecutor(2) as both:
        answered, told = sorted(both.map(ask, range(2)), key=lambda each: each.status_code)
    assert answered.status_code == 200
    error = error_of(told, 409)
    assert (error["type"], error["code"]) == ("idempotency_error", "idempotency_key_in_use")
    assert told.headers["retry-after"] == "1"
    assert len(fake.calls) == 1
    assert http.post(CHAT, json=body, headers=ONCE).content == answered.content
    assert charged() == ["stop"]


@pytest.mark.parametrize("is_stream", [False, True])
def test_who_went_away_finds_the_answer(http, provider, fake, is_stream):
    """A lost connection is why programs come again: the first answer goes on to its end."""
    add_model(provider, "fake-d20-n40", public_name="slow")
    body = {**ASKED, "model": "slow", "stream": is_stream}
    if is_stream:
        leave_amid(http, body)
    else:
        with pytest.raises(httpx2.ReadTimeout):
            http.post(CHAT, json=body, headers=ONCE, timeout=0.3)
    assert http.post(CHAT, json=body, headers=ONCE).status_code == 409
    until(lambda: not KeptAnswer.objects.running().exists())
    again = http.post(CHAT, json=body, headers=ONCE)
    assert again.status_code == 200
    assert b"w39 " in again.content
    assert len(fake.calls) == 1
    assert charged() == ["stop"]


def test_another_request_with_the_same_key_is_refused(http, model, fake):
    http.post(CHAT, json=ASKED, headers=ONCE)
    other = {**ASKED, "temperature": 0.5}
    error = error_of(http.post(CHAT, json=other, headers=ONCE), 400)
    assert (error["type"], error["code"]) == ("idempotency_error", "idempotency_key_reused")
    assert len(fake.calls) == 1


def test_another_request_with_a_key_that_is_in_use_is_refused(http, provider, fake):
    add_model(provider, "fake-d20-n40", public_name="slow")
    leave_amid(http, {**STREAMED, "model": "slow"})
    error = error_of(http.post(CHAT, json=ASKED, headers=ONCE), 400)
    assert error["code"] == "idempotency_key_reused"


@pytest.mark.parametrize("name", ["", "two words", "x" * 256, "é", "tab\there"])
def test_a_key_that_is_none(http, model, fake, name):
    headers = [(b"Idempotency-Key", name.encode("latin-1"))]
    error = error_of(http.post(CHAT, json=ASKED, headers=headers), 400)
    assert error["code"] == "invalid_idempotency_key"
    assert not fake.calls


def test_the_longest_key(http, model):
    headers = {"Idempotency-Key": "~" * 255}
    first = http.post(CHAT, json=ASKED, headers=headers)
    assert http.post(CHAT, json=ASKED, headers=headers).content == first.content


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ({"status": 400, "body": {"error": {"message": "no"}}}, 400),
        ({"status": 429, "body": {"error": {"message": "slowly"}}}, 429),
        ({"status": 500, "body": {"error": {"message": "broken"}}}, 502),
        ({"cut_after": 0}, 502),
    ],
)
def test_what_was_refused_may_be_asked_again(http, model, fake, provider, script, status):
    fake.queue(**script)
    assert http.post(CHAT, json=STREAMED, headers=ONCE).status_code == status
    assert not KeptAnswer.objects.exists()
    provider.credentials.update(rests_until=None)
    again = http.post(CHAT, json=STREAMED, headers=ONCE)
    assert again.status_code == 200
    assert "idempotent-replayed" not in again.headers


def test_a_limit_refuses_once_and_lets_in_later(http, model, fake):
    set_limits(ApiKey.objects.get(), requests_per_minute=1)
    http.post(CHAT, json=ASKED)
    assert http.post(CHAT, json=ASKED, headers=ONCE).status_code == 429
    set_limits(ApiKey.objects.get(), requests_per_minute=None)
    assert http.post(CHAT, json=ASKED, headers=ONCE).status_code == 200
    assert len(fake.calls) == 2


def test_what_is_no_request_keeps_no_key(http, model):
    assert http.post(CHAT, content=b"{", headers=ONCE).status_code == 400
    assert http.post(CHAT, json=ASKED, headers=ONCE).status_code == 200


def test_a_stream_that_broke_off_after_text_was_paid_and_comes_again_as_it_was(http, model, fake):
    fake.queue(pieces=["a", "b", "c"], cut_after=2, delay_ms=20)
    first = http.post(CHAT, json=STREAMED, headers=ONCE)
    assert b"cut_stream" in first.content
    assert http.post(CHAT, json=STREAMED, headers=ONCE).content == first.content
    assert charged() == ["cut_stream"]


def test_a_revoked_key_finds_nothing(http, model):
    http.post(CHAT, json=ASKED, headers=ONCE)
    revoke_key(ApiKey.objects.get())
    assert http.post(CHAT, json=ASKED, headers=ONCE).status_code == 401


def test_somebody_else_s_key_of_the_same_name_is_another(http, origin, model, fake, outsider):
    first = http.post(CHAT, json=ASKED, headers=ONCE)
    other = {**ONCE, "Authorization": f"Bearer {issue_key(outsider, 'another')[1]}"}
    second = http.post(CHAT, json=ASKED, headers=other)
    assert second.json()["id"] != first.json()["id"]
    assert len(fake.calls) == 2


def test_nothing_of_a_request_is_stored_and_the_answer_only_encrypted(http, model):
    first = http.post(CHAT, json=ASKED, headers=ONCE)
    with connection.cursor() as cursor:
        cursor.execute("SELECT t::text FROM api_keptanswer t")
        ((row,),) = cursor.fetchall()
    for text in ("order-4711", "question", "w0 w1", first.json()["id"]):
        assert text not in row
        assert text.encode().hex() not in row


def test_a_long_answer_is_not_kept_and_not_given_twice(http, model, fake, monkeypatch):
    monkeypatch.setattr(idempotency, "MOST_KEPT", 1000)
    for body in (ASKED, STREAMED):
        fake.queue(pieces=["long " * 50] * 10)
        headers = {"Idempotency-Key": f"long-{body is STREAMED}"}
        assert http.post(CHAT, json=body, headers=headers).status_code == 200
        again = http.post(CHAT, json=body, headers=headers)
        assert error_of(again, 409)["code"] == "idempotent_answer_not_kept"
        assert again.headers["x-should-retry"] == "false"
    assert charged() == ["stop", "stop"]


def test_an_answer_whose_master_key_is_gone_is_not_given_twice(http, model):
    http.post(CHAT, json=ASKED, headers=ONCE)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE api_keptanswer SET body = 'enc1:00000000:AAAA'")
    again = http.post(CHAT, json=ASKED, headers=ONCE)
    assert error_of(again, 409)["code"] == "idempotent_answer_not_kept"


def test_a_claim_lasts_as_long_as_its_answer(http, provider, fake, monkeypatch):
    monkeypatch.setattr(idempotency, "RENEWED_EVERY", 0.1)
    monkeypatch.setattr(actions, "LEASE", dt.timedelta(seconds=0.4))
    add_model(provider, "fake-t1500", public_name="slow")
    body = {**ASKED, "model": "slow"}
    with ThreadPoolExecutor(1) as other:
        first = other.submit(http.post, CHAT, json=body, headers=ONCE)
        until(lambda: fake.calls)
        time.sleep(1)
        assert http.post(CHAT, json=body, headers=ONCE).status_code == 409
        assert first.result().status_code == 200
    assert len(fake.calls) == 1


def test_a_killed_process_s_claim_is_taken_over(http, model, fake):
    """Its lease ends; should it wake up after all, it changes nothing."""
    http.post(CHAT, json=ASKED, headers=ONCE)
    kept = KeptAnswer.objects.get()
    KeptAnswer.objects.update(lease_expires_at=timezone.now() + dt.timedelta(seconds=30))
    assert http.post(CHAT, json=ASKED, headers=ONCE).status_code == 409
    KeptAnswer.objects.update(lease_expires_at=timezone.now() - dt.timedelta(seconds=1))
    second = http.post(CHAT, json=ASKED, headers=ONCE)
    assert second.status_code == 200
    assert len(fake.calls) == 2
    actions.renew_claim(kept)
    actions.keep_answer(kept, "late")
    actions.give_up_answer(kept)
    assert http.post(CHAT, json=ASKED, headers=ONCE).content == second.content


def test_after_a_day_an_answer_is_forgotten(http, model, fake):
    http.post(CHAT, json=ASKED, headers=ONCE)
    http.post(CHAT, json=ASKED, headers={"Idempotency-Key": "another"})
    forget_kept_answers()
    assert KeptAnswer.objects.count() == 2
    oldest = KeptAnswer.objects.order_by("created_at").first()
    yesterday = timezone.now() - dt.timedelta(hours=24, seconds=1)
    KeptAnswer.objects.filter(pk=oldest.pk).update(created_at=yesterday)
    assert "idempotent-replayed" not in http.post(CHAT, json=ASKED, headers=ONCE).headers
    KeptAnswer.objects.update(created_at=yesterday)
    forget_kept_answers()
    assert not KeptAnswer.objects.exists()


def test_with_a_key_s_owner_its_answers_are_erased(http, model, owner):
    http.post(CHAT, json=ASKED, headers=ONCE)
    owner.delete()
    assert not KeptAnswer.objects.exists()
