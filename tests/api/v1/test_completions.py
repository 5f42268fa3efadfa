"""`/v1/completions`, asked with the official package."""

import json
import time

import openai
import pytest

from providers.actions import add_model
from providers.models import ModelSpec
from tests.api.v1.test_chat_completions import record
from tests.api.v1.test_refusals import error_of
from usage.models import UsageRecord

PATH = "/v1/completions"


@pytest.fixture
def base(provider) -> ModelSpec:
    return add_model(
        provider,
        "fake",
        public_name="base",
        abilities=["completions"],
        input_price=1,
        output_price=1,
        max_output_tokens=1000,
    )


def test_a_text_is_completed(client, base, fake):
    answer = client.completions.create(
        model="base", prompt="Once", max_tokens=30, logprobs=2, echo=True, suffix="The end."
    )
    assert answer.object == "text_completion"
    assert answer.choices[0].text == "".join(f"w{n} " for n in range(20))
    (call,) = fake.calls
    sent = {name: call.request[name] for name in ("prompt", "logprobs", "echo", "suffix")}
    assert sent == {"prompt": "Once", "logprobs": 2, "echo": True, "suffix": "The end."}
    assert call.request["max_tokens"] == 30
    assert (record().output_tokens, record().outcome) == (20, "stop")


def test_without_a_cap_sixteen_tokens_are_written_as_openai_has_it(client, base, fake):
    answer = client.completions.create(model="base", prompt="Once")
    assert fake.calls[0].max_tokens == 16
    assert answer.choices[0].finish_reason == "length"
    assert (record().held_output_tokens, record().outcome) == (16, "length")


def test_none_at_all_where_only_the_prompt_s_own_logprobs_are_wanted(client, base, fake):
    fake.queue(pieces=[], finish="length")
    client.completions.create(model="base", prompt="Once", max_tokens=0, echo=True, logprobs=1)
    assert fake.calls[0].request["max_tokens"] == 0
    assert (record().held_output_tokens, record().output_tokens) == (0, 0)


@pytest.mark.parametrize(
    ("prompt", "prompts"),
    [
        ("one", 1),
        ("", 1),
        (["one"], 1),
        (["one", "two", "three"], 3),
        ([1, 2, 3], 1),
        ([[1, 2, 3], [50_000]], 2),
    ],
)
def test_prompts_are_one_or_many_texts_or_tokens(client, base, fake, prompt, prompts):
    answer = client.completions.create(model="base", prompt=prompt, max_tokens=4, n=2)
    assert len(answer.choices) == prompts * 2
    assert fake.calls[0].request["prompt"] == prompt
    row = record()
    assert row.held_output_tokens == prompts * 2 * 4
    assert row.output_tokens == prompts * 2 * 4
    assert row.input_tokens <= row.held_input_tokens


def test_tokens_are_counted_as_they_are(client, base):
    client.completions.create(model="base", prompt=[[7] * 500, [8] * 300], max_tokens=1)
    row = record()
    assert (row.input_tokens, row.is_reported) == (800, True)
    assert 800 < row.held_input_tokens < 850


def test_what_is_written_to_choose_from_is_held(client, base, fake):
    client.completions.create(model="base", prompt="a", max_tokens=5, n=2, best_of=4)
    assert fake.calls[0].request["best_of"] == 4
    assert record().held_output_tokens == 20


def test_a_stream(client, base, fake):
    chunks = list(client.completions.create(model="base", prompt="a", max_tokens=20, stream=True))
    assert "".join(chunk.choices[0].text for chunk in chunks) == "".join(
        f"w{n} " for n in range(20)
    )
    assert all(chunk.usage is None for chunk in chunks), "a usage that was not asked for"
    assert fake.calls[0].request["stream_options"] == {"include_usage": True}
    row = record()
    assert (row.outcome, row.is_reported, row.output_tokens) == ("stop", True, 20)
    assert row.first_token_ms is not None


def test_a_stream_ends_with_its_usage_where_that_was_asked_for(client, base):
    options = {"include_usage": True}
    *_, last = client.completions.create(
        model="base", prompt="a", max_tokens=20, stream=True, stream_options=options
    )
    assert (last.choices, last.usage.completion_tokens) == ([], 20)


def test_several_choices_are_streamed_side_by_side(client, base, fake):
    fake.queue(pieces=["a", "b", "c", "d"], lengths=[1, 4, 2, 3])
    seen = dict.fromkeys(range(4), "")
    ends = {}
    for chunk in client.completions.create(
        model="base", prompt=["x", "y"], n=2, max_tokens=4, stream=True
    ):
        (choice,) = chunk.choices
        seen[choice.index] += choice.text
        ends[choice.index] = choice.finish_reason or ends.get(choice.index)
    assert seen == {0: "a", 1: "abcd", 2: "ab", 3: "abc"}
    assert set(ends.values()) == {"stop"}
    assert (record().output_tokens, record().outcome) == (10, "stop")


def test_an_unreported_stream_is_estimated_by_its_text(client, provider):
    add_model(provider, "fake-nousage", public_name="silent", abilities=["completions"])
    list(client.completions.create(model="silent", prompt="a", max_tokens=400, stream=True))
    row = record()
    assert row.is_reported is False
    assert 20 <= row.output_tokens <= 80
    assert row.input_tokens == row.held_input_tokens


def test_a_server_that_does_not_stream_is_told_as_a_stream(client, base, fake):
    choice = {"index": 0, "text": "all at once", "logprobs": None, "finish_reason": "stop"}
    answer = {"id": "cmpl-1", "object": "text_completion", "created": 1, "choices": [choice]}
    headers = {"Content-Type": "application/json"}
    fake.queue(raw=[json.dumps({**answer, "model": "fake"})], headers=headers)
    (chunk,) = client.completions.create(model="base", prompt="a", stream=True)
    assert (chunk.object, chunk.choices[0].text) == ("text_completion", "all at once")


def test_a_stream_that_breaks_off_ends_with_an_error(client, provider):
    add_model(provider, "fake-cut5", public_name="cut", abilities=["completions"])
    seen = []
    stream = client.completions.create(model="cut", prompt="a", max_tokens=9, stream=True)
    with pytest.raises(openai.APIError) as told:
        seen.extend(iter(stream))
    assert len(seen) >= 5
    assert told.value.body["code"] == "cut_stream"
    assert record().outcome == "cut_stream"


def test_one_choice_that_ends_does_not_hurry_the_other(client, base, fake, monkeypatch):
    """After the first one's end the other may still think for as long as it could before."""
    monkeypatch.setattr("providers.backends.deadlines.CLOSING_SECONDS", 0.1)
    fake.queue(pieces=["a", "b", ["c", 700]], lengths=[1, 3])
    began = time.monotonic()
    chunks = list(client.completions.create(model="base", prompt=["x", "y"], stream=True))
    assert time.monotonic() - began > 0.6
    assert "".join(each.choices[0].text for each in chunks if each.choices[0].index == 1) == "abc"
    assert record().outcome == "stop"


def test_a_choice_without_an_end_is_a_cut(client, base, fake):
    event = 'data: {"choices":[{"index":%d,"text":"a","finish_reason":%s}]}\n\n'
    fake.queue(raw=[event % (0, '"stop"'), event % (1, "null")])
    with pytest.raises(openai.APIError) as told:
        list(client.completions.create(model="base", prompt=["x", "y"], stream=True))
    assert told.value.body["code"] == "cut_stream"
    assert record().outcome == "cut_stream"


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"prompt": None}, "prompt"),
        ({"prompt": 7}, "prompt"),
        ({"prompt": {}}, "prompt"),
        ({"prompt": True}, "prompt"),
        ({"prompt": []}, "prompt"),
        ({"prompt": [[]]}, "prompt[0]"),
        ({"prompt": [[1], []]}, "prompt[1]"),
        ({"prompt": ["a", 1]}, "prompt"),
        ({"prompt": [1, "a"]}, "prompt"),
        ({"prompt": [1, 1.5]}, "prompt"),
        ({"prompt": [1, True]}, "prompt"),
        ({"prompt": [True]}, "prompt"),
        ({"prompt": [[1], "a"]}, "prompt[1]"),
        ({"prompt": [["a"]]}, "prompt[0]"),
        ({"prompt": [[1, [2]]]}, "prompt[0]"),
        ({"prompt": [None]}, "prompt"),
        ({"prompt": [-1]}, "prompt"),
        ({"prompt": [2**31]}, "prompt"),
        ({"prompt": [[1], [10**30]]}, "prompt[1]"),
        ({"prompt": ["a"] * 2049}, "prompt"),
        ({"prompt": [[1]] * 2049}, "prompt"),
        ({"prompt": "a", "max_tokens": -1}, "max_tokens"),
        ({"prompt": "a", "max_tokens": 1.0}, "max_tokens"),
        ({"prompt": "a", "max_tokens": "9"}, "max_tokens"),
        ({"prompt": "a", "max_tokens": 2**31}, "max_tokens"),
        ({"prompt": "a", "n": 0}, "n"),
        ({"prompt": "a", "n": -3}, "n"),
        ({"prompt": "a", "n": 129}, "n"),
        ({"prompt": "a", "n": True}, "n"),
        ({"prompt": "a", "best_of": 0}, "best_of"),
        ({"prompt": "a", "best_of": 500}, "best_of"),
        ({"prompt": "a", "n": 3, "best_of": 2}, "best_of"),
        ({"prompt": "a", "n": 1, "best_of": 2, "stream": True}, "best_of"),
        ({"prompt": "a", "suffix": 7}, "suffix"),
        ({"prompt": "a", "stream_options": {"include_usage": True}}, "stream_options"),
        ({"prompt": "a", "messages": [{"role": "user", "content": "b"}]}, "messages"),
    ],
)
def test_what_does_not_fit(http, base, fake, changes, param):
    error = error_of(http.post(PATH, json={"model": "base"} | changes), 400)
    assert error["param"] == param
    assert not fake.calls
    assert not UsageRecord.objects.exists()


def test_more_than_the_ledger_can_count(http, provider, fake):
    long = {"max_output_tokens": 1_000_000, "context_window": 2_000_000}
    add_model(provider, "long", public_name="long", abilities=["completions"], **long)
    asked = {"model": "long", "prompt": ["a"] * 2048, "n": 128, "max_tokens": 1_000_000}
    error_of(http.post(PATH, json=asked), 400)
    assert not fake.calls
    assert not UsageRecord.objects.exists()
