"""The one way out: what may be called, and how much of an answer is taken."""

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from boundary.egress import fetch as fetching
from boundary.egress import transport
from boundary.egress.addresses import AddressNotAllowed, Rules
from boundary.egress.fetch import FetchError, TooLarge, TooManyHops, TooSlow, fetch
from boundary.egress.urls import UrlNotAllowed, check_url, origin

PRIVATE = Rules(allow_private=True)


class FakeResolver(AbstractResolver):
    """Says what the test wants said about names, one list of addresses for each question."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        self.asked.append(host)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in answer
        ]

    async def close(self) -> None:
        pass


@asynccontextmanager
async def server(**routes: Callable) -> AsyncIterator[tuple[str, list[Any]]]:
    """Serve `routes` on loopback; yields the address and the requests that came."""
    seen: list[Any] = []

    @web.middleware
    async def note(request: web.Request, handler: Any) -> Any:
        seen.append(request)
        return await handler(request)

    app = web.Application(middlewares=[note])
    for name, handler in routes.items():
        app.router.add_get(f"/{name}", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield f"http://127.0.0.1:{port}", seen
    finally:
        await runner.cleanup()


@asynccontextmanager
async def called(**routes: Callable) -> AsyncIterator[tuple[httpx2.AsyncClient, str, list[Any]]]:
    """Serve `routes`, and lend the client for that server."""
    async with server(**routes) as (url, seen):
        client = transport.client(url, PRIVATE, connect_seconds=2)
        async with client:
            yield client, url, seen


async def hello(request: web.Request) -> web.Response:
    return web.Response(text="hello", headers={"X-Said": "yes"})


class TestUrls:
    @pytest.mark.parametrize(
        ("url", "found"),
        [
            ("https://example.test/v1", "https://example.test:443"),
            ("HTTP://Example.TEST:8080", "http://example.test:8080"),
            ("http://[::1]:11434/v1", "http://::1:11434"),
            ("http://ollama:11434/v1", "http://ollama:11434"),
        ],
    )
    def test_their_origin(self, url: str, found: str):
        assert origin(check_url(url)) == found

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "example.test",
            "//example.test/",
            "ftp://example.test/",
            "file:///etc/passwd",
            "gopher://example.test/",
            "javascript:alert(1)",
            "http://",
            "http:///path",
            "http://user@example.test/",
            "http://user:pass@example.test/",
            "http://example.test:0/",
            "http://example.test:65536/",
            "http://example.test:port/",
            "http://exa mple.test/",
            "http://example.test/\r\nHost: evil",
            "http://example.test\\@evil.test/",
            "http://example.test/<script>",
            "http://ex\u0430mple.test/",
            "http://example.test/\x00",
            "http://[::1/",
            "http://xn--a/",
            "http://a..b/",
            "http://.example.test/",
            f"http://{'a' * 64}.test/",
        ],
    )
    def test_what_is_none(self, url: str):
        with pytest.raises(UrlNotAllowed):
            check_url(url)


class TestFetch:
    async def test_brings_status_headers_and_body(self):
        async with server(hello=hello) as (url, _):
            found = await fetch(f"{url}/hello", rules=PRIVATE)
        assert (found.status, found.body, found.headers["X-Said"]) == (200, b"hello", "yes")

    async def test_a_body_of_the_limit_is_taken_and_one_byte_more_is_not(self):
        async def thousand(request: web.Request) -> web.Response:
            return web.Response(body=b"x" * 1000)

        async with server(thousand=thousand) as (url, _):
            assert len((await fetch(f"{url}/thousand", rules=PRIVATE, max_bytes=1000)).body) == 1000
            with pytest.raises(TooLarge):
                await fetch(f"{url}/thousand", rules=PRIVATE, max_bytes=999)

    async def test_the_limit_is_of_what_is_unpacked(self):
        async def bomb(request: web.Request) -> web.Response:
            response = web.Response(body=b"\0" * 20_000_000)
            response.enable_compression()
            return response

        async with server(bomb=bomb) as (url, _):
            with pytest.raises(TooLarge):
                await fetch(f"{url}/bomb", rules=PRIVATE, max_bytes=100_000)

    async def test_time_is_up_for_the_whole_of_it(self):
        async def drip(request: web.Request) -> web.StreamResponse:
            import asyncio

            response = web.StreamResponse()
            await response.prepare(request)
            for _ in range(100):
                await response.write(b".")
                await asyncio.sleep(0.05)
            return response

        async with server(drip=drip) as (url, _):
            with pytest.raises(TooSlow):
                await fetch(f"{url}/drip", rules=PRIVATE, max_seconds=0.3)

    async def test_a_dead_port_is_an_error_of_ours(self, unused_tcp_port: int):
        with pytest.raises(FetchError):
            await fetch(f"http://127.0.0.1:{unused_tcp_port}/", rules=PRIVATE)

    async def test_an_unknown_name_is_an_error_of_ours(self):
        with pytest.raises(FetchError):
            await fetch("http://nowhere.invalid/")


class TestRedirects:
    async def test_are_followed_a_few_times(self):
        async def one(request: web.Request) -> web.Response:
            raise web.HTTPFound("/two")

        async def two(request: web.Request) -> web.Response:
            raise web.HTTPMovedPermanently("hello")

        async with server(one=one, two=two, hello=hello) as (url, _):
            found = await fetch(f"{url}/one", rules=PRIVATE)
        assert (found.url, found.body) == (f"{url}/hello", b"hello")

    async def test_not_for_ever(self):
        async def loop(request: web.Request) -> web.Response:
            raise web.HTTPFound("/loop")

        async with server(loop=loop) as (url, seen):
            with pytest.raises(TooManyHops):
                await fetch(f"{url}/loop", rules=PRIVATE, max_hops=3)
        assert len(seen) == 4

    @pytest.mark.parametrize(
        "to", ["file:///etc/passwd", "http://u:p@x.test/", "http://[", "ftp:x"]
    )
    async def test_to_what_is_no_url_are_refused(self, to: str):
        async def away(request: web.Request) -> web.Response:
            return web.Response(status=302, headers={"Location": to})

        async with server(away=away) as (url, _):
            with pytest.raises(UrlNotAllowed):
                await fetch(f"{url}/away", rules=PRIVATE)

    async def test_the_credential_stays_at_its_origin(self):
        async with server(hello=hello) as (other, seen_there):

            async def away(request: web.Request) -> web.Response:
                raise web.HTTPFound(f"{other}/hello")

            async with server(away=away) as (url, seen_here):
                await fetch(
                    f"{url}/away", rules=PRIVATE, credential={"Authorization": "Bearer key"}
                )
        assert seen_here[0].headers["Authorization"] == "Bearer key"
        assert "Authorization" not in seen_there[0].headers


class TestTransport:
    async def test_calls_its_origin_only(self):
        async with called(hello=hello) as (client, url, seen), server() as (other, seen_other):
            assert (await client.get(f"{url}/hello")).text == "hello"
            for address in (other, url.replace("http:", "https:")):
                with pytest.raises(UrlNotAllowed):
                    await client.get(f"{address}/hello")
        assert (len(seen), len(seen_other)) == (1, 0)

    async def test_does_not_follow_redirects(self):
        async def away(request: web.Request) -> web.Response:
            raise web.HTTPFound("/hello")

        async with called(away=away, hello=hello) as (client, url, seen):
            assert (await client.get(f"{url}/away")).status_code == 302
        assert len(seen) == 1

    async def test_takes_only_the_beginning_of_an_errors_body(self):
        async def refuse(request: web.Request) -> web.Response:
            return web.Response(status=500, body=b"x" * 10_000_000)

        async with called(refuse=refuse) as (client, url, _):
            assert len((await client.get(f"{url}/refuse")).content) == 64 * 1024

    async def test_takes_no_cookie_and_no_proxy(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9/")
        monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9/")

        async def cookie(request: web.Request) -> web.Response:
            response = web.Response(text="x")
            response.set_cookie("session", "stolen")
            return response

        async with called(cookie=cookie, hello=hello) as (client, url, seen):
            await client.get(f"{url}/cookie")
            client.cookies.clear()
            await client.get(f"{url}/hello")
            assert (await fetch(f"{url}/hello", rules=PRIVATE)).status == 200
        assert "Cookie" not in seen[1].headers

    async def test_unpacks_what_was_packed(self):
        async def packed(request: web.Request) -> web.Response:
            response = web.Response(text="packed " * 1000)
            response.enable_compression()
            return response

        async with called(packed=packed) as (client, url, _):
            assert (await client.get(f"{url}/packed")).text == "packed " * 1000

    async def test_a_refused_address_is_said_so(self):
        async with transport.client("http://10.0.0.1/", Rules(), connect_seconds=2) as client:
            with pytest.raises(AddressNotAllowed):
                await client.get("http://10.0.0.1/")

    async def test_a_dead_port_is_a_connect_error(self, unused_tcp_port: int):
        url = f"http://127.0.0.1:{unused_tcp_port}/"
        async with transport.client(url, PRIVATE, connect_seconds=2) as client:
            with pytest.raises(httpx2.ConnectError):
                await client.get(url)


@pytest.mark.parametrize(("scheme", "kept"), [("https", True), ("http", False)])
async def test_only_tls_connections_are_kept(scheme: str, kept: bool):
    """They are dear to open; plain ones are closed by some servers while the next call is sent."""
    client = transport.client(f"{scheme}://models.example.test/v1", PRIVATE, connect_seconds=2)
    connector = client._transport._session.connector
    assert connector.force_close is not kept
    assert connector.limit == 500
    await client.aclose()


def test_the_limits_have_defaults():
    """A caller who says nothing is bounded all the same."""
    given = fetching.fetch.__kwdefaults__
    assert given["max_bytes"] <= 2**22
    assert given["max_seconds"] <= 30
    assert given["max_hops"] <= 5
    assert given["rules"] is None
