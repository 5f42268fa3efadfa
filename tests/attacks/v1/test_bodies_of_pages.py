"""Bodies that are sent to pages: none is read without end, before anybody is known."""

import time

import pytest

from boundary import bodies
from config import pages
from tests.attacks.v1.test_raw_requests import answer, statuses


def post(*lines: str) -> bytes:
    head = ["POST /accounts/login/ HTTP/1.1", "Host: 127.0.0.1", *lines, "", ""]
    return "\r\n".join(head).encode()


@pytest.mark.usefixtures("transactional_db")
class TestBodies:
    def test_one_that_says_that_it_is_too_long_is_not_waited_for(self, wire):
        connection = wire()
        connection.sendall(post("Content-Length: 50000000000"))
        got = answer(connection)
        assert statuses(got) == [413]
        assert b"connection: close" in got.lower()

    def test_one_that_comes_in_parts_ends_where_it_becomes_too_long(self, wire, monkeypatch):
        monkeypatch.setattr(pages, "MOST_BYTES", 1000)
        connection = wire()
        connection.sendall(post("Transfer-Encoding: chunked"))
        for _ in range(20):
            try:
                connection.sendall(b"64\r\n" + b"x" * 100 + b"\r\n")
            except OSError:  # the answer was sent, and the connection closed
                break
        assert statuses(answer(connection)) == [413]

    def test_one_that_stops_is_given_up(self, wire, monkeypatch):
        monkeypatch.setattr(bodies, "SECONDS", 0.5)
        connection = wire()
        connection.sendall(post("Content-Length: 100") + b"x")
        began = time.monotonic()
        assert statuses(answer(connection)) == [408]
        assert time.monotonic() - began < 5

    def test_one_above_the_form_s_limit_is_told_by_a_page(self, wire):
        body = b"login=" + b"x" * (6 * 2**20)
        kind = "Content-Type: application/x-www-form-urlencoded"
        connection = wire()
        connection.sendall(post(f"Content-Length: {len(body)}", kind, "Connection: close") + body)
        got = answer(connection)
        assert statuses(got) in ([403], [413])
        assert b"<html" in got
