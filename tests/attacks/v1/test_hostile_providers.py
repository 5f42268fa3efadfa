"""A provider that is against us: it floods, misleads with headers, never ends."""

import asyncio
import gzip
import json
import resource
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from providers.backends.failures import retry_after
from providers.models import Provider
from tests.api.v1.test_refusals import CHAT, GOOD, error_of
from usage.models import UsageRecord

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
WHOLE = json.dumps(
    {"choices": [{"index": 0, "message": {"content": "hi"}, "finish_reason": "stop"}]}
).encode()
BOMB = gzip.compress(b" " * 300_000_000)


@pytest.fixture
def hostile(provider) -> Iterator[Callable[..., None]]:
    """Put a server in the provider's place that writes given bytes, the last of them for ever."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    said: list[tuple[bytes, bytes]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            first, for_ever = said[0]
            writer.write(first)
            while for_ever:
                writer.write(for_ever)
                await writer.drain()
                await asyncio.sleep(0.001)
            await writer.drain()
            await asyncio.sleep(0.1)
        except OSError:
            pass
        finally:
            writer.close()

    started = asyncio.run_coroutine_threadsafe(asyncio.start_server(serve, "127.0.0.1", 0), loop)
    port = started.result(5).sockets[0].getsockname()[1]
    Provider.objects.update(
        base_url=f"http://127.0.0.1:{port}/v1",
        first_token_seconds=3,
        idle_seconds=3,
        total_seconds=6,
    )
    provider.credentials.update(origin=f"http://127.0.0.1:{port}")
    yield lambda first, for_ever=b"": said.insert(0, (first, for_ever))
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)


@pytest.fixture(autouse=True)
def _the_books_are_closed(model, http):
    yield
    deadline = time.monotonic() + 5
    while UsageRecord.objects.filter(state="held").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert http.get("/v1/models").status_code == 200


class TestItsHeaders:
    @pytest.mark.parametrize(
        "headers",
        [
            {"Set-Cookie": "sessionid=1", "Access-Control-Allow-Origin": "*"},
            {"Location": "http://127.0.0.1:1/", "Refresh": "0;url=http://evil.test"},
            {"x-causerie-deployment": "other", "x-request-id": "theirs", "Allow": "PUT"},
        ],
    )
    def test_none_of_them_is_passed_on(self, http, fake, headers):
        for script in ({"pieces": ["a"]}, {"status": 400, "body": {"error": {"message": "x"}}}):
            fake.queue(**script, headers=headers)
            response = http.post(CHAT, json=GOOD | {"stream": True})
            for name, value in headers.items():
                assert response.headers.get(name) != value

    @pytest.mark.parametrize(
        "value",
        ["-1", "nan", "1e400", "9" * 400, "\x00", "x", "Mon, 01 Jan 0001 00:00:00 -0000",
         "Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 99 Jan 2024 99:00:00 GMT",
         "Mon, 01 Jan 1 00:00:00 +9999"],
    )  # fmt: skip
    def test_a_retry_after_that_is_none(self, http, fake, value):
        assert 0 <= (retry_after({"retry-after": value}) or 0) <= 300
        assert 0 <= (retry_after({"retry-after-ms": value}) or 0) <= 300
        headers = {"Retry-After": value} if value.isprintable() else {}
        fake.queue(status=429, body={}, headers=headers)
        error_of(http.post(CHAT, json=GOOD), 429)

    @pytest.mark.parametrize(
        ("first", "for_ever"),
        [
            (b"HTTP/1.1 200 OK\r\n", b"X-More: " + b"a" * 1000 + b"\r\n"),
            (b"HTTP/1.1 200 OK\r\nX: ", b"a" * 1000),
            (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
            (b"", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"),
            (b"", b"a" * 1000),
            (b"HTTP/1.1 999 \xff\r\n\r\n", b""),
            (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", b""),
            (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
            (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", b""),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n{", b""),
            (OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", b""),
            (OK + b"Content-Encoding: gzip\r\n\r\nno gzip at all", b""),
            (OK + b"Content-Encoding: br\r\n\r\nno br at all", b""),
            (b"\x00\x01\x02", b""),
            (b"", b""),
        ],
    )
    @pytest.mark.parametrize("is_stream", [True, False])
    def test_an_answer_that_is_none(self, http, hostile, first, for_ever, is_stream):
        hostile(first, for_ever)
        began = time.monotonic()
        response = http.post(CHAT, json=GOOD | {"stream": is_stream})
        error_of(response, response.status_code)
        assert response.status_code in (502, 503, 504)
        assert time.monotonic() - began < 12
        assert not UsageRecord.objects.exclude(cost=None).exists()


class TestFloods:
    @pytest.mark.parametrize("is_stream", [True, False])
    @pytest.mark.parametrize("status", [b"200 OK", b"500 No"])
    @pytest.mark.parametrize("kind", [b"application/json", b"text/event-stream"])
    def test_a_bomb(self, http, hostile, kind, is_stream, status):
        """300 MB in 300 kB: neither kept nor made at once."""
        head = b"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Encoding: gzip\r\n" % (status, kind)
        hostile(head + b"Content-Length: %d\r\n\r\n" % len(BOMB) + BOMB)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        response = http.post(CHAT, json=GOOD | {"stream": is_stream})
        error_of(response, response.status_code)
        assert response.status_code in (502, 503)
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150_000  # KiB

    @pytest.mark.parametrize(
        ("head", "for_ever"),
        [
            (STREAM, b": ping\n\n"),
            (STREAM, b"data: " + b"x" * 9999),
            (STREAM, b"data: {}\n\n"),
            (OK + b"\r\n", b" " * 1000),
            (b"HTTP/1.1 400 No\r\n\r\n", b"x" * 1000),
        ],
    )  # fmt: skip
    def test_a_body_without_end(self, http, hostile, head, for_ever):
        hostile(head, for_ever)
        response = http.post(CHAT, json=GOOD | {"stream": True})
        error_of(response, response.status_code)
        assert not UsageRecord.objects.exclude(cost=None).exists()
