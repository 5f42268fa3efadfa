"""Requests written byte by byte: framing that two servers read differently, headers, lateness."""

import json
import socket
import time

import pytest

from api.v1 import application
from boundary import bodies
from tests.api.v1.ledger import records
from tests.api.v1.test_refusals import CHAT, GOOD, error_of

BODY = json.dumps(GOOD).encode()


def head(secret: str, *lines: str, method: str = "POST", path: str = CHAT) -> bytes:
    fixed = (f"{method} {path} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {secret}")
    return "\r\n".join((*fixed, *lines, "", "")).encode("latin-1")


def answer(wire: socket.socket, seconds: float = 5) -> bytes:
    """Return all that comes until the server closes, or is silent."""
    wire.settimeout(seconds)
    got = b""
    try:
        while part := wire.recv(2**16):
            got += part
    except (TimeoutError, ConnectionResetError):
        pass
    return got


def statuses(got: bytes) -> list[int]:
    return [int(each[:3]) for each in got.split(b"HTTP/1.1 ")[1:]]


@pytest.mark.usefixtures("nothing_is_charged")
class TestSmuggling:
    """What comes after a body of unclear length is never another request."""

    @pytest.mark.parametrize(
        "lines",
        [
            ("Content-Length: 4", "Transfer-Encoding: chunked"),
            ("Transfer-Encoding: chunked", "Content-Length: 4"),
            ("Transfer-Encoding: chunked", "Transfer-Encoding: identity", "Content-Length: 4"),
            ("Content-Length: 4", "Content-Length: 5"),
            ("Content-Length: 4, 5",),
            ("Content-Length: +4",),
            ("Content-Length: -1",),
            ("Content-Length: 0x4",),
            ("Content-Length: 99999999999999999999999999",),
            ("Transfer-Encoding: xchunked", "Content-Length: 4"),
            ("Transfer-Encoding : chunked", "Content-Length: 4"),
            ("Transfer-Encoding: chunked, identity",),
            ("Content-Length: 4\r\n\tTransfer-Encoding: chunked",),
            ("X: a\rTransfer-Encoding: chunked", "Content-Length: 4"),
            ("X: a\nTransfer-Encoding: chunked", "Content-Length: 4"),
            ("X: a\0b", "Content-Length: 4"),
            ("Content-Length: 4", "NoColon"),
        ],
    )
    def test_a_second_request_hides_in_the_body(self, wire, secret, lines):
        inner = head(secret, f"Content-Length: {len(BODY)}") + BODY
        connection = wire()
        connection.sendall(head(secret, *lines) + b"0\r\n\r\n" + inner)
        got = statuses(answer(connection, 1))
        assert got
        assert 200 not in got
        assert set(got) <= {400, 413}

    @pytest.mark.parametrize(
        "size", [b"-1", b"0x5", b"fffffffffffffffff", b" 5", b"5;" + b"x" * 10**5]
    )
    def test_a_chunk_s_size_that_is_none(self, wire, secret, size):
        connection = wire()
        connection.sendall(
            head(secret, "Transfer-Encoding: chunked") + size + b"\r\nhello\r\n0\r\n\r\n"
        )
        assert 200 not in statuses(answer(connection, 1))

    @pytest.mark.parametrize(
        "path",
        ["/v1/models?x=\xff", "/v1/models?\x80", "/v1/\xff",
         "http://evil.test/v1/files", "/v1//models",
         "/v1/models/%0d%0aSet-Cookie:%20a=b", "/v1/models/..%2f..%2fadmin/", "/v1/%2e%2e/admin/"],
    )  # fmt: skip
    def test_a_strange_address(self, wire, secret, path):
        connection = wire()
        connection.sendall(head(secret, "Connection: close", method="GET", path=path))
        got = answer(connection)
        assert statuses(got) in ([400], [404])
        assert b"\nset-cookie" not in got.lower()


class TestHeaders:
    def test_keys_in_two_headers_are_none(self, wire, secret, nothing_is_charged):
        """Which of them counts would be a guess."""
        for second in (f"Authorization: Bearer {secret}", "Authorization: Bearer sk-other"):
            connection = wire()
            connection.sendall(
                head(secret, second, "Connection: close", method="GET", path="/v1/models")
            )
            assert statuses(answer(connection)) == [401]

    @pytest.mark.parametrize(
        "label",
        ["a\r\nSet-Cookie: admin=1", "a\nb", "模型 ‮x", "\x7f\x1b[31m", "%0d%0aX-A: b", "x" * 100],
    )
    def test_a_deployment_s_label_is_no_header_of_its_own(self, http, fake, model, label):
        model.label = label
        model.save()
        for is_stream in (False, True):
            response = http.post(CHAT, json=GOOD | {"stream": is_stream})
            assert response.status_code == 200
            assert response.headers["x-causerie-deployment"].isprintable()
            assert not {"set-cookie", "x-a"} & set(response.headers)

    def test_what_is_no_http_is_refused_in_the_words_programs_read(self, wire, secret):
        connection = wire()
        connection.sendall(head(secret, "Content-Length: 4", "NoColon"))
        before, _, body = answer(connection).partition(b"\r\n\r\n")
        assert before.startswith(b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\n")
        assert json.loads(body)["error"]["type"] == "invalid_request_error"

    def test_what_is_no_http_for_a_page_is_refused_in_plain_words(self, wire):
        connection = wire()
        connection.sendall(b"GET / HTTP/1.1\r\nNoColon\r\n\r\n")
        got = answer(connection)
        assert statuses(got) == [400]
        assert b"\r\ncontent-type: text/plain" in got

    def test_thousands_of_headers_are_refused_or_read(self, http, model, nothing_is_charged):
        headers = {f"x-{number}": "x" * 200 for number in range(200)}
        assert http.get("/v1/models", headers=headers).status_code in (200, 400, 431)


@pytest.mark.usefixtures("nothing_is_charged")
class TestSlowClients:
    def test_a_body_that_dribbles_is_given_up(self, wire, secret, monkeypatch):
        monkeypatch.setattr(bodies, "SECONDS", 1.0)
        connection = wire()
        connection.sendall(head(secret, f"Content-Length: {len(BODY)}"))
        began = time.monotonic()
        got = b""
        connection.settimeout(0.1)
        for byte in BODY:
            try:
                connection.sendall(bytes([byte]))
                got += connection.recv(2**16)
            except TimeoutError:
                continue
            except OSError:
                break
            if got:
                break
        assert statuses(got) == [408]
        assert time.monotonic() - began < 5
        assert b'"error"' in got

    def test_one_that_leaves_in_the_middle_of_its_body(self, wire, secret):
        connection = wire()
        connection.sendall(head(secret, f"Content-Length: {len(BODY)}") + BODY[:20])
        connection.close()

    def test_a_body_that_stops_at_the_limit(self, http, monkeypatch):
        monkeypatch.setattr(application, "MOST_BYTES", 1000)
        filler = json.dumps(GOOD | {"x": "y" * 1000}).encode()
        error_of(http.post(CHAT, content=filler), 413)
        error_of(http.post(CHAT, content=iter([filler[:900], filler[900:]])), 413)


def test_a_pipelined_request_waits_for_the_first(wire, secret, model, fake):
    request = head(secret, f"Content-Length: {len(BODY)}") + BODY
    last = head(secret, "Connection: close", method="GET", path="/v1/models")
    connection = wire()
    connection.sendall(request + request + last)
    assert statuses(answer(connection)) == [200, 200, 200]
    assert [row.state for row in records()] == ["settled", "settled"]
    assert len(fake.calls) == 2
