"""Answers that are passed on: the same bytes however the network cut them, and what they told."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.backends.relay import DONE, StreamRelay, as_stream, whole_answer, written
from providers.errors import BadResponse, ServerFailed, StreamCut
from providers.values import Usage


def event(delta: dict | None = None, reason: str | None = None, **more) -> bytes:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": reason}]
    return b"data: " + json.dumps({"choices": choices, **more}).encode() + b"\n\n"


ROLE = event({"role": "assistant", "content": ""}, usage=None)
END = event({}, "stop")
USAGE = event(usage={"prompt_tokens": 3, "completion_tokens": 2})
TRICKY = event({"content": 'He wrote "finish_reason":"stop", "error":{} and "usage":{}.'})
ANSWER = [ROLE, event({"content": "Hé "}), TRICKY, b": alive\n\n", END, USAGE, DONE]


def passed_on(stream: StreamRelay, parts: list[bytes]) -> list:
    found = [stream.feed(part) for part in parts] + [stream.end()]
    return [part for part in found if part]


@given(st.data())
def test_cuts_change_nothing(data):
    whole = b"".join(ANSWER)
    cuts = sorted(data.draw(st.sets(st.integers(1, len(whole) - 1), max_size=12)))
    parts = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    stream = StreamRelay(drops_usage=False)
    assert b"".join(part.data for part in passed_on(stream, parts)) == whole
    assert (stream.outcome, stream.usage, stream.ended) == ("stop", Usage(3, 2), True)


def test_a_usage_that_was_not_asked_for_is_taken_out_and_known():
    stream = StreamRelay(drops_usage=True)
    found = passed_on(stream, ANSWER)
    assert b"".join(part.data for part in found) == b"".join(ANSWER).replace(USAGE, b"")
    assert stream.usage == Usage(3, 2)


def test_lines_that_end_as_on_windows_are_read():
    stream = StreamRelay(drops_usage=False)
    found = passed_on(stream, [part.replace(b"\n", b"\r\n") for part in ANSWER])
    assert b"".join(part.data for part in found) == b"".join(ANSWER)


def test_nothing_is_given_out_before_the_first_text():
    stream = StreamRelay(drops_usage=False)
    assert stream.feed(b": waking up\n\n") is None
    assert stream.feed(ROLE) is None
    part = stream.feed(event({"content": "a"}))
    assert part.is_text
    assert part.data.startswith(b": waking up\n\n" + ROLE)


@pytest.mark.parametrize(
    "delta",
    [
        {"content": "a"},
        {"refusal": "No."},
        {"reasoning_content": "Hm."},
        {"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": ""}}]},
    ],
)
def test_what_counts_as_a_beginning(delta):
    assert StreamRelay(drops_usage=False).feed(event(delta))


@pytest.mark.parametrize("told", ["length", "tool_calls", "content_filter", "stop"])
def test_the_reason_to_finish_is_told(told):
    stream = StreamRelay(drops_usage=False)
    passed_on(stream, [event({"content": "a"}), event({}, told), DONE])
    assert stream.outcome == told


def test_a_missing_done_is_added_and_a_missing_reason_is_a_cut():
    stream = StreamRelay(drops_usage=False)
    assert passed_on(stream, [event({"content": "a"}), END])[-1].data == DONE
    for parts in ([event({"content": "a"})], [event({"content": "a"}), DONE], []):
        with pytest.raises(StreamCut):
            passed_on(StreamRelay(drops_usage=False), parts)
    with pytest.raises(StreamCut):
        StreamRelay(drops_usage=False).feed(event({}, "abort"))


def test_an_error_is_raised_before_text_and_kept_behind_it():
    told = b'data: {"error": {"message": "secret"}}\n\n'
    with pytest.raises(ServerFailed):
        StreamRelay(drops_usage=False).feed(ROLE + told)
    stream = StreamRelay(drops_usage=False)
    before = event({"content": "a"})
    assert stream.feed(before + told + END).data == before
    assert isinstance(stream.failure, ServerFailed)


def test_an_event_without_an_end_is_too_long():
    stream = StreamRelay(drops_usage=False)
    assert stream.feed(b"x" * 4 * 2**20) is None
    with pytest.raises(BadResponse):
        stream.feed(b"x")


def test_all_that_was_written_is_counted():
    events = [
        event({"reasoning_content": "Hm. "}),
        event({"content": "a"}),
        event({"content": [{"type": "text", "text": "b"}]}),
        b"data: {not json}\n\n",
        event({"tool_calls": [{"function": {"arguments": "c"}}]}),
    ]
    assert [word in written(b"".join(events)) for word in ("Hm. ", "a", "b", '"c"')] == [True] * 4


def test_an_answer_that_does_not_stream_becomes_one():
    usage = {"prompt_tokens": 3, "completion_tokens": 2}
    choice = {"index": 0, "message": {"content": "Hi."}, "finish_reason": "stop"}
    body = json.dumps({"object": "chat.completion", "choices": [choice], "usage": usage}).encode()
    part = as_stream(body, drops_usage=False)
    stream = StreamRelay(drops_usage=False)
    assert passed_on(stream, [part.data])[0].data == part.data
    assert (stream.usage, part.usage, written(part.data)) == (Usage(3, 2), Usage(3, 2), "Hi.")
    assert b"usage" not in as_stream(body, drops_usage=True).data
    assert whole_answer(body).data == body


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"choices": []}', b'{"choices": [7]}', b'{"choices": "a"}'],
)
def test_what_is_no_answer(body):
    with pytest.raises(BadResponse):
        whole_answer(body)


def test_embeddings_have_no_output():
    body = b'{"data": [{"embedding": [0.5]}], "usage": {"prompt_tokens": 4, "total_tokens": 4}}'
    assert whole_answer(body).usage == Usage(4, 0)


def choice(index: int, text: str = "", reason: str | None = None) -> bytes:
    chosen = {"index": index, "text": text, "logprobs": None, "finish_reason": reason}
    return b"data: " + json.dumps({"choices": [chosen]}).encode() + b"\n\n"


def test_several_choices_are_whole_when_each_has_ended():
    stream = StreamRelay(drops_usage=False, choices=2)
    for part in (choice(0, "a"), choice(1, "b"), choice(1, "", "length"), choice(1, "", "stop")):
        assert stream.feed(part).outcome == ""
    with pytest.raises(StreamCut):
        stream.end()
    assert stream.feed(choice(0, "", "stop")).outcome == "length"
    assert stream.end().data == DONE


def test_a_server_that_gives_one_choice_of_several_says_that_it_is_done():
    stream = StreamRelay(drops_usage=False, choices=2)
    assert [part.outcome for part in passed_on(stream, [choice(0, "a", "stop"), DONE])] == [
        "",
        "stop",
    ]
    with pytest.raises(StreamCut):
        passed_on(StreamRelay(drops_usage=False, choices=2), [choice(0, "a"), DONE])


def test_a_text_of_the_word_done_is_no_end():
    stream = StreamRelay(drops_usage=False)
    stream.feed(event({"content": "data: [DONE]\n\ndata: [DONE]"}))
    assert not stream.ended


def test_each_choice_of_a_whole_answer_has_ended():
    ended = {"index": 0, "text": "a", "finish_reason": "stop"}
    assert whole_answer(json.dumps({"choices": [ended, ended]}).encode()).outcome == "stop"
    cut = {**ended, "index": 1, "finish_reason": "length"}
    assert whole_answer(json.dumps({"choices": [ended, cut]}).encode()).outcome == "length"
    with pytest.raises(StreamCut):
        whole_answer(json.dumps({"choices": [ended, {**ended, "finish_reason": None}]}).encode())


def test_a_completion_that_does_not_stream_becomes_one_in_its_own_shape():
    told = {"index": 0, "text": "Hi.", "finish_reason": "stop"}
    body = json.dumps({"object": "text_completion", "choices": [told]}).encode()
    first, *_ = as_stream(body, drops_usage=True).data.split(b"\n\n")
    assert json.loads(first.removeprefix(b"data: ")) == json.loads(body)
    for broken in (b'{"data": []}', b'{"data": [1]}'):
        with pytest.raises(BadResponse):
            as_stream(broken, drops_usage=True)


def test_calls_of_tools_that_do_not_stream_are_numbered():
    calls = [{"id": "a", "function": {"name": "f", "arguments": "{}"}}] * 2
    message = {"content": None, "tool_calls": [dict(each) for each in calls]}
    body = {"choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]}
    part = as_stream(json.dumps(body).encode(), drops_usage=True)
    chunk = json.loads(part.data.split(b"\n\n")[0].removeprefix(b"data: "))
    assert [each["index"] for each in chunk["choices"][0]["delta"]["tool_calls"]] == [0, 1]
