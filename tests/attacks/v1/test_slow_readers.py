"""Clients that ask and do not read, or do not even ask: they keep neither memory nor a model."""

import json
import socket
import time
from collections.abc import Callable

import pytest

from config import web
from tests.api.v1.test_refusals import GOOD
from tests.attacks.v1.test_raw_requests import answer, head
from usage.models import UsageRecord

BODY = json.dumps(GOOD | {"stream": True}).encode()


def until(condition: Callable[[], object], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def unread(wire, secret: str) -> socket.socket:
    """Ask for a stream, and read nothing of it."""
    connection = wire()
    connection.sendall(head(secret, f"Content-Length: {len(BODY)}") + BODY)
    return connection


def long(fake, pieces: int = 1500) -> None:
    fake.queue(pieces=["x" * 20_000] * pieces, usage=False)  # 30 MB, unless told


def test_a_stream_that_nobody_reads_is_not_read_from_the_provider_either(
    wire, secret, model, fake, http, monkeypatch
):
    monkeypatch.setattr(web, "READER_SECONDS", 60.0)
    many = [long(fake, 4000) or unread(wire, secret) for _ in range(4)]
    until(lambda: len(fake.calls) == 4 and all(call.tokens for call in fake.calls))
    written: list[int] = []

    def is_still() -> bool:
        before = written[:]
        written[:] = [call.tokens for call in fake.calls]
        time.sleep(0.5)
        return written == before

    until(is_still, 20)
    assert max(written) < 2500, "more than the buffers of the system took"
    assert http.get("/v1/models").status_code == 200
    for each in many:
        each.close()
    until(lambda: not UsageRecord.objects.filter(state="held").exists())
    assert all(call.client_closed for call in fake.calls)


def test_a_reader_that_stops_is_left_and_pays_for_what_was_sent(
    wire, secret, model, fake, http, monkeypatch
):
    monkeypatch.setattr(web, "READER_SECONDS", 1.0)
    long(fake)
    unread(wire, secret)
    until(lambda: fake.calls and fake.calls[0].client_closed)
    until(lambda: not UsageRecord.objects.filter(state="held").exists())
    record = UsageRecord.objects.get()
    assert (record.state, record.outcome, record.is_reported) == ("settled", "cancelled", False)
    assert record.output_tokens == record.held_output_tokens
    assert http.get("/v1/models").status_code == 200


def test_a_reader_that_stops_and_asks_again_is_left_as_well(wire, secret, model, fake, monkeypatch):
    monkeypatch.setattr(web, "READER_SECONDS", 1.0)
    long(fake)
    connection = unread(wire, secret)
    until(lambda: fake.calls and fake.calls[0].tokens)
    time.sleep(0.5)
    connection.sendall(head(secret, method="GET", path="/v1/models"))
    until(lambda: fake.calls[0].client_closed, 5)
    until(lambda: not UsageRecord.objects.filter(state="held").exists())


def test_a_slow_reader_gets_all_of_it(wire, secret, model, fake, monkeypatch):
    monkeypatch.setattr(web, "READER_SECONDS", 2.0)
    fake.queue(pieces=["x" * 20_000] * 150)
    connection = unread(wire, secret)
    got = b""
    while b"[DONE]" not in got:
        part = connection.recv(100_000)
        assert part, "it was cut off"
        got = got[-20:] + part
        time.sleep(0.01)
    until(lambda: not UsageRecord.objects.filter(state="held").exists())
    assert UsageRecord.objects.get().outcome == "stop"


@pytest.mark.parametrize("begun", [b"", b"POST /v1/chat", b"POST / HTTP/1.1\r\nX: " + b"a" * 900])
def test_a_connection_without_a_request_is_closed(wire, monkeypatch, begun):
    monkeypatch.setattr(web, "HEAD_SECONDS", 0.5)
    connection = wire()
    connection.sendall(begun)
    began = time.monotonic()
    for _ in range(30):
        try:
            connection.sendall(b"a" if begun else b"")
        except OSError:
            break
        time.sleep(0.05)
    assert answer(connection, 5) == b""
    assert time.monotonic() - began < 4
    monkeypatch.setattr(web, "HEAD_SECONDS", 30.0)


def test_a_kept_connection_has_as_long_for_its_next_request(wire, secret, model, monkeypatch):
    monkeypatch.setattr(web, "HEAD_SECONDS", 0.5)
    request = head(secret, method="GET", path="/v1/models")
    connection = wire()
    for _ in range(2):
        connection.sendall(request)
        assert connection.recv(2**16).startswith(b"HTTP/1.1 200 ")
        time.sleep(0.8)  # idle between two requests, as a pool of connections is
    connection.sendall(request[:40])
    assert answer(connection, 3) == b""
