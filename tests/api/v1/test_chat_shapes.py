"""What chats are made of beside text, asked with the official package: none of it is changed."""

import json
import time

import openai
import pytest
from pydantic import BaseModel

from tests.api.v1.test_chat_completions import HELLO, record
from usage.models import UsageRecord

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "Tells the weather of a town.",
            "parameters": {"type": "object", "properties": {"town": {"type": "string"}}},
        },
    }
]
ASK = {"model": "house-model", "messages": HELLO}


def call_of(number: int, town: str) -> dict:
    told = {"name": "weather", "arguments": json.dumps({"town": town})}
    return {"id": f"call_{number}", "type": "function", "function": told}


def whole(message: dict, reason: str, **more) -> dict:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": reason}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "fake",
        "choices": [{**choice, **more}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 7, "total_tokens": 16},
    }


def event(delta: dict, reason: str | None = None, index: int = 0, **more) -> str:
    choice = {"index": index, "delta": delta, "finish_reason": reason, **more}
    frame = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "fake"}
    return f"data: {json.dumps({**frame, 'choices': [choice]})}\n\n"


DONE = "data: [DONE]\n\n"


def test_tools_are_called_and_their_results_read(client, model, fake):
    fake.queue(body=whole({"content": None, "tool_calls": [call_of(1, "Lyon")]}, "tool_calls"))
    answer = client.chat.completions.create(**ASK, tools=TOOLS, tool_choice="auto")
    (call,) = answer.choices[0].message.tool_calls
    assert json.loads(call.function.arguments) == {"town": "Lyon"}
    assert fake.calls[0].request["tools"] == TOOLS
    assert fake.calls[0].request["tool_choice"] == "auto"
    row = record()
    assert (row.outcome, row.output_tokens) == ("tool_calls", 7)
    messages = [
        *HELLO,
        answer.choices[0].message,
        {"role": "tool", "tool_call_id": call.id, "content": "rain"},
    ]
    client.chat.completions.create(model="house-model", messages=messages, tools=TOOLS)
    *_, told = fake.calls[1].messages
    assert told == {"role": "tool", "tool_call_id": "call_1", "content": "rain"}
    assert fake.calls[1].messages[1]["tool_calls"] == [call_of(1, "Lyon")]


def test_tools_count_as_input(client, model, fake):
    client.chat.completions.create(**ASK)
    first = record().held_input_tokens
    many = [{**TOOLS[0], "function": {**TOOLS[0]["function"], "description": "word " * 900}}]
    client.chat.completions.create(**ASK, tools=many)
    assert UsageRecord.objects.latest("created_at").held_input_tokens > first + 900


def test_calls_of_tools_are_streamed_side_by_side(client, model, fake):
    towns = ["Lyon", "Graz"]
    parts = [event({"role": "assistant", "content": None})]
    for number, town in enumerate(towns):
        begin = call_of(number, town) | {"index": number}
        begin["function"] = {"name": "weather", "arguments": ""}
        parts.append(event({"tool_calls": [begin]}))
    for cut in (slice(None, 4), slice(4, None)):
        for number, town in enumerate(towns):
            piece = json.dumps({"town": town})[cut]
            said = {"index": number, "function": {"arguments": piece}}
            parts.append(event({"tool_calls": [said]}))
    fake.queue(raw=[*parts, event({}, "tool_calls"), DONE])
    with client.chat.completions.stream(**ASK, tools=TOOLS, parallel_tool_calls=True) as stream:
        answer = stream.get_final_completion()
    calls = answer.choices[0].message.tool_calls
    assert [json.loads(call.function.arguments)["town"] for call in calls] == towns
    assert fake.calls[0].request["parallel_tool_calls"] is True
    row = record()
    assert (row.outcome, row.is_reported) == ("tool_calls", False)
    assert row.output_tokens > 10, "what is written into calls is paid"


class Weather(BaseModel):
    town: str
    degrees: int


def test_an_answer_keeps_to_a_schema(client, model, fake):
    fake.queue(body=whole({"content": '{"town": "Graz", "degrees": 7}'}, "stop"))
    answer = client.chat.completions.parse(**ASK, response_format=Weather)
    assert answer.choices[0].message.parsed == Weather(town="Graz", degrees=7)
    sent = fake.calls[0].request["response_format"]
    assert sent["json_schema"]["schema"]["properties"].keys() == {"town", "degrees"}


@pytest.mark.parametrize("is_stream", [True, False])
def test_logprobs(client, model, fake, is_stream):
    token = {"token": "Hé", "logprob": -0.25, "bytes": [72, 195, 169], "top_logprobs": []}
    probs = {"content": [token], "refusal": None}
    if is_stream:
        fake.queue(raw=[event({"content": "Hé"}, logprobs=probs), event({}, "stop"), DONE])
    else:
        fake.queue(body=whole({"content": "Hé"}, "stop", logprobs=probs))
    answer = client.chat.completions.create(**ASK, logprobs=True, top_logprobs=0, stream=is_stream)
    first = next(iter(answer)) if is_stream else answer
    assert first.choices[0].logprobs.content[0].logprob == -0.25
    assert fake.calls[0].request["logprobs"] is True
    assert fake.calls[0].request["top_logprobs"] == 0


def test_several_choices_at_once(client, model, fake):
    answer = client.chat.completions.create(**ASK, n=2)
    assert [choice.index for choice in answer.choices] == [0, 1]
    assert record().output_tokens == 40


def test_several_choices_streamed(client, model, fake):
    fake.queue(pieces=["a", "b", "c"], lengths=[1, 3])
    seen = ["", ""]
    for chunk in client.chat.completions.create(**ASK, n=2, stream=True):
        (choice,) = chunk.choices
        seen[choice.index] += choice.delta.content or ""
    assert seen == ["a", "abc"]
    assert (record().outcome, record().output_tokens) == ("stop", 4)


def test_one_choice_that_ends_does_not_hurry_the_other(client, model, fake, monkeypatch):
    monkeypatch.setattr("providers.backends.deadlines.CLOSING_SECONDS", 0.1)
    fake.queue(pieces=["a", "b", ["c", 700]], lengths=[1, 3])
    began = time.monotonic()
    chunks = list(client.chat.completions.create(**ASK, n=2, stream=True))
    assert time.monotonic() - began > 0.6
    texts = [each.choices[0].delta.content or "" for each in chunks if each.choices[0].index == 1]
    assert "".join(texts) == "abc"
    assert record().outcome == "stop"


def test_a_choice_that_breaks_off_ends_the_stream_with_an_error(client, model, fake):
    fake.queue(pieces=["a", "b", "c"], lengths=[1, 3], cut_after=2)
    with pytest.raises(openai.APIError) as told:
        list(client.chat.completions.create(**ASK, n=2, stream=True))
    assert told.value.body["code"] == "cut_stream"
    assert record().outcome == "cut_stream"


def test_a_whole_stream_whose_end_hangs_is_whole(http, model, fake, monkeypatch):
    """Only what follows an answer is missing: no error is told."""
    monkeypatch.setattr("providers.backends.deadlines.CLOSING_SECONDS", 0.1)
    fake.queue(raw=[event({"content": "all"}, "stop"), ": \n\n"], delay_ms=3000)
    response = http.post("/v1/chat/completions", json={**ASK, "stream": True})
    assert response.text.endswith(DONE)
    assert "error" not in response.text
    assert record().outcome == "stop"


def test_what_the_package_does_not_know_arrives(client, model, fake):
    more = {"top_k": 40, "chat_template_kwargs": {"enable_thinking": False}}
    client.chat.completions.create(**ASK, extra_body=more, extra_headers={"X-Mine": "secret"})
    (call,) = fake.calls
    assert {name: call.request[name] for name in more} == more
    assert "x-mine" not in call.headers


def test_thoughts_are_passed_on(client, model, fake):
    fake.queue(raw=[event({"reasoning_content": "Hm."}), event({"content": "4"}, "stop"), DONE])
    first, second = client.chat.completions.create(**ASK, stream=True)
    assert first.choices[0].delta.reasoning_content == "Hm."
    assert second.choices[0].delta.content == "4"


@pytest.mark.parametrize("place", [1, 5])
def test_an_error_in_the_middle_is_told_as_the_last_event(client, model, fake, place):
    fake.queue(pieces=list("abcdefgh"), error_after=place)
    seen = []
    stream = client.chat.completions.create(**ASK, stream=True)
    with pytest.raises(openai.APIError) as told:
        seen.extend(chunk.choices[0].delta.content or "" for chunk in stream)
    assert told.value.body["code"] == "server"
    assert told.value.body["type"] == "server_error"
    row = record()
    assert (row.outcome, row.state, row.is_reported) == ("server", "settled", False)


def test_broken_json_in_the_middle_is_a_cut(client, model, fake):
    fake.queue(pieces=list("abcdef"), bad_json_after=3)
    with pytest.raises((openai.APIError, json.JSONDecodeError)):
        list(client.chat.completions.create(**ASK, stream=True))
    assert record().outcome == "cut_stream"


def test_the_word_done_is_no_end(client, model, fake):
    fake.queue(pieces=["data: [DONE]\n\n", "and on"])
    chunks = client.chat.completions.create(**ASK, stream=True)
    assert "".join(each.choices[0].delta.content or "" for each in chunks).endswith("and on")
    assert record().outcome == "stop"
