"""Events out of bytes, whatever the cuts."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.backends.events import EventReader, EventTooLong

STREAM = (
    b"\xef\xbb\xbf: a comment\r\n\r\n"
    b"data: one\n\n"
    b"data:two\r\rdata: three\r\n\r\n"
    b"event: x\nid: 7\nretry: 10\ndata: fo\ndata: ur\n\n"
    b"data\n\n"
    b"data:  spaced \n\n"
    b"unknown: field\n\n"
    b": keep-alive\n\n"
    + "data: ü 你好 😀\n\n".encode()
    + b'error: {"code": 500}\n\ndata: [DONE]\n\n'
)
EVENTS = [
    b"one",
    b"two",
    b"three",
    b"fo\nur",
    b"",
    b" spaced ",
    "ü 你好 😀".encode(),
    b'{"error":{"code": 500}}',
    b"[DONE]",
]


def events(parts: list[bytes]) -> list[bytes]:
    reader = EventReader()
    found = [event for part in parts for event in reader.feed(part)]
    return found + reader.end()


def test_the_whole_at_once():
    assert events([STREAM]) == EVENTS


@pytest.mark.parametrize("at", range(len(STREAM) + 1))
def test_cut_at_every_byte(at: int):
    assert events([STREAM[:at], STREAM[at:]]) == EVENTS


def test_byte_by_byte():
    assert events([bytes([byte]) for byte in STREAM]) == EVENTS


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_any_cuts(cuts: list[int]):
    edges = [0, *sorted(cuts), len(STREAM)]
    parts = [STREAM[a:b] for a, b in itertools.pairwise(edges)]
    assert events(parts) == EVENTS


@pytest.mark.parametrize("line_end", ["\n", "\r", "\r\n"])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_each_line_end_alone(line_end: str, size: int):
    stream = "".join(f"data: {number}{line_end}{line_end}" for number in range(20)).encode()
    parts = [stream[at : at + size] for at in range(0, len(stream), size)]
    assert events(parts) == [str(number).encode() for number in range(20)]


def test_an_event_comes_out_when_its_last_byte_comes_in():
    reader = EventReader()
    assert reader.feed(b"data: a\r") == []
    assert reader.feed(b"\r") == [b"a"]
    assert reader.feed(b"\ndata: b\n\n") == [b"b"]


def test_an_event_the_stream_ends_in_is_given_out():
    assert events([b"data: a\n\ndata: b"]) == [b"a", b"b"]


def test_an_endless_line_is_refused():
    reader = EventReader()
    reader.feed(b"data: ")
    parts = (reader.feed(b"x" * 100_000) for _ in range(100))
    with pytest.raises(EventTooLong):
        list(parts)
