"""Deltas out of chunks: what servers really send, and what none should."""

import json
from typing import Any

import pytest

from providers.backends.reading import StreamReader
from providers.errors import BadResponse, ProviderError, ServerFailed, StreamCut
from providers.values import Delta, Usage


def chunk(content: Any = None, finish: str | None = None, **rest: Any) -> bytes:
    delta = {} if content is None else {"content": content}
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return b"data: " + json.dumps({"choices": [choice], **rest}).encode() + b"\n\n"


def deltas(*parts: bytes) -> list[Delta]:
    reader = StreamReader()
    found = [reader.feed(part) for part in parts]
    found.append(reader.end())
    return [delta for delta in found if delta is not None]


def text(*parts: bytes) -> str:
    return "".join(delta.text for delta in deltas(*parts))


END = chunk(finish="stop") + b"data: [DONE]\n\n"


def test_events_of_one_read_are_one_delta():
    usage = {"prompt_tokens": 5, "completion_tokens": 2}
    together = chunk("a") + chunk("b") + chunk(finish="length") + chunk(usage=usage)
    assert deltas(together) == [Delta("ab", "length", Usage(5, 2))]


def test_a_part_without_text_is_no_delta():
    assert deltas(b": keep-alive\n\n", chunk(""), chunk(None), END) == [Delta("", "stop")]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("stop", "stop"),
        ("eos", "stop"),
        ("end_turn", "stop"),
        ("tool_calls", "stop"),
        ("STOP", "stop"),
        ("length", "length"),
        ("max_tokens", "length"),
        ("MAX_TOKENS", "length"),
        ("content_filter", "content_filter"),
    ],
)
def test_reasons_to_finish(said: str, meant: str):
    assert deltas(chunk(finish=said))[-1].finish_reason == meant


@pytest.mark.parametrize(("said", "error"), [("abort", StreamCut), ("error", ServerFailed)])
def test_reasons_that_are_no_finish(said: str, error: type[ProviderError]):
    with pytest.raises(error):
        deltas(chunk(finish=said))


@pytest.mark.parametrize(
    "written",
    [
        r'{"choices":[{"delta":{"content":"\ud83d\ude00"}}]}',
        '{"choices":[{"delta":{"content":"😀"}}]}',
    ],
)
def test_a_pair_of_surrogates_is_one_character(written: str):
    assert text(b"data: " + written.encode() + b"\n\n", END) == "😀"


def test_a_pair_over_two_deltas_is_one_character():
    first = rb'data: {"choices":[{"delta":{"content":"a\ud83d"}}]}' + b"\n\n"
    second = rb'data: {"choices":[{"delta":{"content":"\ude00b"}}]}' + b"\n\n"
    assert text(first, second, END) == "a😀b"
    assert text(first + second, END) == "a😀b"
    assert text(first, b": keep-alive\n\n", second, END) == "a😀b"


@pytest.mark.parametrize(
    ("escaped", "kept"),
    [
        (rb"x\ud83dy", "x\ufffdy"),
        (rb"\ude00", "\ufffd"),
        (rb"\ude00\ud83d", "\ufffd\ufffd"),
        (rb"\ud83d\ud83d\ude00", "\ufffd😀"),
        (rb"nul\u0000!", "nul\ufffd!"),
        (rb"\ud83d", "\ufffd"),
        (b"bad \xff utf-8", "bad \ufffd utf-8"),
    ],
)
def test_what_cannot_be_stored_is_replaced(escaped: bytes, kept: str):
    found = text(b'data: {"choices":[{"delta":{"content":"' + escaped + b'"}}]}\n\n', END)
    assert found == kept
    found.encode()


def test_half_a_pair_at_the_end_is_not_lost():
    ending = rb'data: {"choices":[{"delta":{"content":"a\ud83d"},"finish_reason":"stop"}]}'
    assert text(ending + b"\n\n") == "a\ufffd"


@pytest.mark.parametrize(
    "data",
    [
        b"data: {\n\n",
        b"data: nonsense\n\n",
        b"data: [1, 2]\n\n",
        b"data: null\n\n",
        b'data: {"choices":[{"delta":{"content":12}}]}\n\n',
        b'data: {"choices":[{"delta":{"content":{"a":1}}}]}\n\n',
        b"data: " + b"[" * 100_000 + b"\n\n",
    ],
)
def test_what_cannot_be_read_is_a_bad_response(data: bytes):
    with pytest.raises(BadResponse):
        StreamReader().feed(data)


@pytest.mark.parametrize(
    "data",
    [
        b"data: {}\n\n",
        b'data: {"choices":[]}\n\n',
        b'data: {"choices":null}\n\n',
        b'data: {"choices":[null]}\n\n',
        b'data: {"choices":[{}]}\n\n',
        b'data: {"choices":[{"delta":null}]}\n\n',
        b'data: {"choices":"x","usage":"y"}\n\n',
        b'data: {"error":null,"choices":[]}\n\n',
        b'data: {"choices":[{"delta":{"tool_calls":[{"index":0}]}}]}\n\n',
    ],
)
def test_what_says_nothing_is_passed_over(data: bytes):
    assert text(chunk("a"), data, chunk("b"), END) == "ab"


def test_parts_of_content_and_refusals_are_text():
    parts = [{"type": "text", "text": "a"}, {"type": "image"}, "x", {"text": "b"}]
    refusal = b'data: {"choices":[{"delta":{"refusal":"c"}}]}\n\n'
    assert text(chunk(parts), refusal, END) == "abc"


def test_thinking_is_a_sign_of_life_and_no_text():
    reader = StreamReader()
    thought = b'data: {"choices":[{"delta":{"content":"","reasoning_content":"hm"}}]}\n\n'
    assert reader.feed(thought) is None
    assert reader.alive
    assert reader.feed(b": keep-alive\n\n") is None
    assert not reader.alive


@pytest.mark.parametrize(
    "event",
    [
        b'data: {"error":{"message":"boom","code":500}}\n\n',
        b'data: {"error":"boom"}\n\n',
        b'data: {"object":"error","message":"boom","code":500}\n\n',
        b'error: {"code":500,"message":"boom"}\n\n',
        b'event: error\ndata: {"error":{"message":"boom","type":"server_error"}}\n\n',
    ],
)
def test_an_error_inside_the_stream(event: bytes):
    with pytest.raises(ServerFailed):
        StreamReader().feed(event)


def test_the_text_before_an_error_in_the_same_read_is_kept():
    reader = StreamReader()
    assert reader.feed(chunk("a") + b'data: {"error":{"code":"rate_limit_exceeded"}}\n\n') == Delta(
        "a"
    )
    assert reader.failure is not None
    assert reader.failure.kind == "rate_limit"


@pytest.mark.parametrize(
    "parts", [[], [chunk("a")], [chunk("a"), b'data: {"choices":[{"delta":{"con']]
)
def test_an_end_without_a_reason_is_a_cut(parts: list[bytes]):
    with pytest.raises(StreamCut):
        deltas(*parts)


def test_what_follows_done_is_not_read():
    assert text(chunk("a"), END + chunk("b")) == "a"


def test_a_whole_last_event_counts_without_its_empty_line():
    assert text(chunk("a"), chunk(finish="stop").rstrip()) == "a"
