"""`/v1/chat/completions` and `/v1/models`, asked with the official package."""

import threading
import time
from decimal import Decimal

import openai
import pytest
from django.db import OperationalError

from accounts.api_keys import Scope, change_key, issue_key, revoke_key
from accounts.models import ApiKey, Team
from api.v1.callers import Caller
from providers.actions import add_model
from providers.models import Route
from tests.api.v1.ledger import record, records
from usage.limits import set_limits
from usage.models import Limit, UsageRecord

HELLO = [{"role": "user", "content": "Hello?"}]


def test_an_answer_comes_as_the_provider_gave_it(client, model, fake, owner):
    answer = client.chat.completions.create(model="house-model", messages=HELLO, seed=7)
    assert answer.choices[0].message.content.startswith("w0 w1 ")
    assert answer.choices[0].finish_reason == "stop"
    (call,) = fake.calls
    assert call.request["model"] == "fake"
    assert call.request["seed"] == 7  # what we do not know passes through
    assert call.request["max_tokens"] == 1000
    row = record()
    assert (row.door, row.key, row.account.user) == ("api", ApiKey.objects.get(), owner)
    assert (row.state, row.outcome, row.is_reported) == ("settled", "stop", True)
    assert (row.input_tokens, row.output_tokens) == (
        answer.usage.prompt_tokens,
        answer.usage.completion_tokens,
    )
    assert row.cost == Decimal(answer.usage.total_tokens) / 1_000_000
    assert ApiKey.objects.get().last_used_at is not None


def test_a_stream_comes_as_the_provider_gave_it(client, model, fake):
    chunks = list(client.chat.completions.create(model="house-model", messages=HELLO, stream=True))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert text == "".join(f"w{n} " for n in range(20))
    assert all(chunk.choices for chunk in chunks), "a usage that was not asked for"
    assert fake.calls[0].request["stream_options"] == {"include_usage": True}
    row = record()
    assert (row.outcome, row.is_reported, row.output_tokens) == ("stop", True, 20)
    assert row.first_token_ms is not None


def test_a_stream_ends_with_its_usage_where_that_was_asked_for(client, model):
    *_, last = client.chat.completions.create(
        model="house-model",
        messages=HELLO,
        stream=True,
        stream_options={"include_usage": True},
    )
    assert (last.choices, last.usage.completion_tokens) == ([], 20)


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_the_program_s_cap_is_sent_and_held(client, model, fake, name):
    client.chat.completions.create(model="house-model", messages=HELLO, **{name: 5})
    assert fake.calls[0].max_tokens == 5
    assert record().held_output_tokens == 5


def test_several_choices_are_held_together(client, model, fake):
    client.chat.completions.create(model="house-model", messages=HELLO, n=3, max_tokens=7)
    assert fake.calls[0].max_tokens == 7
    assert record().held_output_tokens == 21


def test_a_stream_that_the_program_leaves_is_cut_off_and_estimated(client, provider, fake):
    add_model(provider, "fake-d50-n500", public_name="slow")
    with client.chat.completions.create(model="slow", messages=HELLO, stream=True) as stream:
        next(iter(stream))
    row = record()
    assert (row.outcome, row.is_reported) == ("cancelled", False)
    assert 0 < row.output_tokens < 100
    assert fake.calls[0].client_closed


def test_what_breaks_off_ends_the_stream_with_an_error(client, provider):
    add_model(provider, "fake-cut5", public_name="cut")
    seen = []
    stream = client.chat.completions.create(model="cut", messages=HELLO, stream=True)
    with pytest.raises(openai.APIError) as told:
        seen.extend(iter(stream))
    assert len(seen) >= 5
    assert told.value.body["code"] == "cut_stream"
    assert record().outcome == "cut_stream"


def test_another_deployment_answers_where_the_first_fails(client, provider, fake):
    first = add_model(provider, "fake-e500", public_name="first", label="First")
    second = add_model(provider, "fake", public_name="second", label="Second, 二")
    Route.objects.create(model=first, to=second, priority=1)
    answer = client.chat.completions.with_raw_response.create(model="first", messages=HELLO)
    assert answer.headers["x-causerie-deployment"].startswith("Second")
    assert answer.headers["x-request-id"].startswith("req_")
    rows = records()
    assert [row.outcome for row in rows] == ["server", "stop"]
    assert {row.model for row in rows} == {first}


def test_the_models_are_those_of_the_key(client, provider, model, owner):
    add_model(provider, "other", public_name="other")
    hidden = add_model(provider, "hidden", public_name="hidden")
    hidden.teams.add(Team.objects.create(name="Others"))
    assert {each.id for each in client.models.list()} == {"house-model", "other"}
    assert client.models.retrieve("house-model").owned_by == "causerie"
    change_key(ApiKey.objects.get(), "narrow", Scope(model_names=("other", "hidden")))
    assert [each.id for each in client.models.list()] == ["other"]
    for name in ("house-model", "hidden", "none", "a/b"):
        with pytest.raises(openai.NotFoundError) as refused:
            client.chat.completions.create(model=name, messages=HELLO)
        assert refused.value.code == "model_not_found"
        with pytest.raises(openai.NotFoundError):
            client.models.retrieve(name)
    assert not UsageRecord.objects.exists()


def test_a_budget_of_the_key_that_is_used_up_is_429(client, model, fake):
    set_limits(ApiKey.objects.get(), month_budget=Decimal("0.000001"))
    with pytest.raises(openai.RateLimitError) as refused:
        client.chat.completions.create(model="house-model", messages=HELLO)
    assert (refused.value.code, refused.value.type) == ("insufficient_quota", "insufficient_quota")
    assert int(refused.value.response.headers["retry-after"]) > 0
    assert not fake.calls
    assert not UsageRecord.objects.exists()


def test_a_limit_of_requests_says_when_to_come_again(client, model):
    set_limits(ApiKey.objects.get(), requests_per_minute=1)
    client.chat.completions.create(model="house-model", messages=HELLO)
    with pytest.raises(openai.RateLimitError) as refused:
        client.chat.completions.create(model="house-model", messages=HELLO)
    headers = refused.value.response.headers
    assert 0 < int(headers["retry-after"]) <= 61
    assert headers["x-ratelimit-limit-requests"] == "1"
    assert headers["x-ratelimit-remaining-requests"] == "0"
    record()
    assert Limit.objects.get().open_calls == 0


@pytest.mark.parametrize("is_stream", [True, False])
def test_an_answer_says_how_the_limits_stand(client, model, is_stream):
    set_limits(ApiKey.objects.get(), requests_per_minute=5, tokens_per_minute=100_000)
    for left in (4, 3):
        answer = client.chat.completions.with_raw_response.create(
            model="house-model", messages=HELLO, stream=is_stream
        )
        assert answer.headers["x-ratelimit-limit-requests"] == "5"
        assert answer.headers["x-ratelimit-remaining-requests"] == str(left)
        assert int(answer.headers["x-ratelimit-remaining-tokens"]) < 100_000
        list(answer.parse())
        records()


@pytest.mark.parametrize("is_stream", [True, False])
def test_a_revoked_key_s_answer_ends_within_a_second(client, provider, fake, is_stream):
    """The stream tells why; the provider's connection is closed; what came is paid."""
    add_model(provider, "fake-d50-n500", public_name="slow")
    ended: list[tuple[float, openai.APIError]] = []

    def ask() -> None:
        try:
            answer = client.chat.completions.create(model="slow", messages=HELLO, stream=is_stream)
            list(answer)
        except openai.APIError as error:
            ended.append((time.monotonic(), error))

    thread = threading.Thread(target=ask)
    thread.start()
    while not fake.calls:
        time.sleep(0.01)
    time.sleep(0.3)
    revoke_key(ApiKey.objects.get())
    revoked = time.monotonic()
    thread.join(5)
    ((when, error),) = ended
    assert when - revoked < 1.0
    assert error.code == "invalid_api_key"
    assert "revoked" in error.message
    row = record()
    assert (row.outcome, row.is_reported) == ("stopped", False)
    assert fake.calls[0].client_closed
    with pytest.raises(openai.AuthenticationError):
        client.models.list()


def test_one_person_s_key_ends_nobody_else_s_answer(client, provider, owner, outsider):
    add_model(provider, "fake-d20-n60", public_name="slow")
    other, _ = issue_key(outsider, "another")
    stream = client.chat.completions.create(model="slow", messages=HELLO, stream=True)
    next(iter(stream))
    revoke_key(other)
    assert sum(bool(chunk.choices[0].delta.content) for chunk in stream) >= 58


def test_rights_that_could_not_be_read_are_read_again(client, provider, fake, monkeypatch):
    """A database that fails at the wrong moment leaves no revoked key an answer."""
    add_model(provider, "fake-d50-n500", public_name="slow")
    check, failed = Caller.check, []

    def fails_once(self, model):
        if not failed:
            failed.append(model)
            raise OperationalError("no connection")
        check(self, model)

    monkeypatch.setattr(Caller, "check", fails_once)
    stream = client.chat.completions.create(model="slow", messages=HELLO, stream=True)
    next(iter(stream))
    revoke_key(ApiKey.objects.get())
    with pytest.raises(openai.APIError) as told:
        list(stream)
    assert failed
    assert told.value.code == "invalid_api_key"


def test_what_is_too_long_is_not_asked_where_no_more_is_read(client, provider, fake):
    small = add_model(provider, "small", public_name="small", context_window=9000)
    same = add_model(provider, "same", public_name="same", context_window=9000)
    large = add_model(provider, "large", public_name="large", context_window=90_000)
    for priority, stand_in in enumerate((same, large), start=1):
        Route.objects.create(model=small, to=stand_in, priority=priority)
    fake.queue(status=400, body={"error": {"code": "context_length_exceeded", "message": "."}})
    client.chat.completions.create(model="small", messages=HELLO)
    assert [call.model for call in fake.calls] == ["small", "large"]
