"""Server-side request forgery: every spelling of an address inside is refused."""

import asyncio
import socket

import pytest

from boundary.egress import transport
from boundary.egress.addresses import AddressNotAllowed, Rules
from boundary.egress.fetch import FetchError, fetch
from boundary.egress.urls import UrlNotAllowed
from tests.boundary.test_egress import FakeResolver, hello, server

INSIDE = [
    "127.0.0.1",
    "127.255.255.254",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "::1",
    "fc00::1",
    "fd12:3456::1",
    "fec0::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:7f00:1",
    "2002:7f00:1::",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
]
NEVER = [
    "169.254.169.254",
    "169.254.0.1",
    "100.100.100.200",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%lo",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::",
    "0.0.0.0",
    "::",
    "::ffff:0.0.0.0",
    "224.0.0.1",
    "239.255.255.255",
    "ff02::1",
    "255.255.255.255",
    "240.0.0.1",
]
OUTSIDE = ["93.184.216.34", "1.1.1.1", "2606:4700:4700::1111", "172.32.0.1", "100.128.0.1"]


@pytest.mark.parametrize("address", INSIDE)
def test_inside_only_where_an_administrator_allows_it(address: str):
    with pytest.raises(AddressNotAllowed):
        Rules().check(address)
    Rules(allow_private=True).check(address)


@pytest.mark.parametrize("address", NEVER)
def test_never_by_that_switch(address: str):
    for rules in (Rules(), Rules(allow_private=True)):
        with pytest.raises(AddressNotAllowed):
            rules.check(address)


@pytest.mark.parametrize("address", OUTSIDE)
def test_outside(address: str):
    Rules().check(address)


@pytest.mark.parametrize("text", ["", "localhost", "127.1", "0x7f.1", "2130706433", "1.2.3", "x"])
def test_what_is_no_usual_address(text: str):
    with pytest.raises(AddressNotAllowed):
        Rules(allow_private=True).check(text)


def test_a_listed_network_is_allowed_for_all(settings):
    settings.EGRESS_ALLOW_PRIVATE = ["10.1.0.0/16", "169.254.169.254/32"]
    Rules().check("10.1.2.3")
    Rules().check("::ffff:10.1.2.3")
    Rules().check("169.254.169.254")
    for other in ("10.2.0.1", "127.0.0.1", "169.254.169.253"):
        with pytest.raises(AddressNotAllowed):
            Rules().check(other)


SPELLINGS = [
    "http://127.0.0.1:{port}/hello",
    "http://127.1:{port}/hello",
    "http://0x7f.1:{port}/hello",
    "http://0x7f000001:{port}/hello",
    "http://2130706433:{port}/hello",
    "http://017700000001:{port}/hello",
    "http://0177.0.0.1:{port}/hello",
    "http://127.0.0.1.:{port}/hello",
    "http://localhost:{port}/hello",
    "http://LOCALHOST.:{port}/hello",
    "http://[::1]:{port}/hello",
    "http://[::ffff:127.0.0.1]:{port}/hello",
    "http://[::ffff:7f00:1]:{port}/hello",
    "http://[0:0:0:0:0:ffff:127.0.0.1]:{port}/hello",
    "http://0:{port}/hello",
    "http://0.0.0.0:{port}/hello",
    "http://[::]:{port}/hello",
    "http://%31%32%37.0.0.1:{port}/hello",
    "http://127.0.0.1%00.example.test:{port}/hello",
    "http://①②⑦.0.0.1:{port}/hello",
    "http://example.test@127.0.0.1:{port}/hello",
    "http://127.0.0.1\\@example.test:{port}/hello",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_a_spelling_of_loopback_reaches_nobody(spelling: str):
    async with server(hello=hello) as (url, seen):
        target = spelling.format(port=url.rpartition(":")[2])
        with pytest.raises((AddressNotAllowed, UrlNotAllowed, FetchError)):
            await fetch(target, max_seconds=3)
    assert seen == []


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::ffff:127.0.0.1", "10.0.0.7", "169.254.169.254"]
)
async def test_a_name_that_leads_inside_is_refused(address: str):
    async with server(hello=hello) as (url, seen):
        port = url.rpartition(":")[2]
        with pytest.raises(AddressNotAllowed):
            await fetch(f"http://inside.test:{port}/hello", resolver=FakeResolver([address]))
    assert seen == []


async def test_a_name_with_one_address_inside_is_refused_whole():
    resolver = FakeResolver(["93.184.216.34", "127.0.0.1"])
    with pytest.raises(AddressNotAllowed):
        await fetch("http://mixed.test/", resolver=resolver)


async def test_a_name_that_changes_its_mind_is_refused_the_second_time():
    """DNS rebinding: each new connection is checked where it goes, not where the first one went."""
    async with server(hello=hello) as (url, seen):
        port = url.rpartition(":")[2]
        resolver = FakeResolver(["127.0.0.1"], ["169.254.169.254"])
        first = await fetch(
            f"http://rebind.test:{port}/hello", rules=Rules(allow_private=True), resolver=resolver
        )
        assert first.status == 200
        with pytest.raises(AddressNotAllowed):
            await fetch(f"http://rebind.test:{port}/hello", resolver=resolver)
    assert resolver.asked == ["rebind.test", "rebind.test"]
    assert len(seen) == 1


async def test_the_checked_address_is_the_one_that_is_called():
    """One question to the resolver: no second one between the check and the call."""
    async with server(hello=hello) as (url, _):
        resolver = FakeResolver(["127.0.0.1"], ["10.9.9.9"])
        address = f"http://once.test:{url.rpartition(':')[2]}/hello"
        await fetch(address, rules=Rules(allow_private=True), resolver=resolver)
    assert resolver.asked == ["once.test"]


async def test_the_socket_itself_is_the_last_check(monkeypatch: pytest.MonkeyPatch):
    """Even a resolver that lies about what it checked opens no connection inside."""
    monkeypatch.setattr(
        "boundary.egress.addresses._CheckingResolver.resolve",
        lambda self, *arguments, **options: self._resolver.resolve(*arguments, **options),
    )
    async with server(hello=hello) as (url, seen):
        with pytest.raises(AddressNotAllowed):
            await fetch(
                f"http://lie.test:{url.rpartition(':')[2]}/hello",
                resolver=FakeResolver(["127.0.0.1"]),
            )
    assert seen == []


async def test_a_redirect_inside_is_refused(settings):
    from aiohttp import web

    async with server(hello=hello) as (inside, seen):
        port = int(inside.rpartition(":")[2])

        async def away(request: web.Request) -> web.Response:
            raise web.HTTPFound(f"http://127.0.0.2:{port}/hello")

        async with server(away=away) as (url, _):
            settings.EGRESS_ALLOW_PRIVATE = ["127.0.0.1/32"]
            with pytest.raises(AddressNotAllowed):
                await fetch(f"{url}/away")
    assert seen == []


async def test_no_socket_is_opened_for_a_refused_address(monkeypatch: pytest.MonkeyPatch):
    opened = []
    loop = asyncio.get_running_loop()
    original = loop.sock_connect

    async def sock_connect(sock: socket.socket, address: object) -> None:
        opened.append(address)
        await original(sock, address)

    monkeypatch.setattr(loop, "sock_connect", sock_connect)
    client = transport.client("http://127.0.0.1:9/", Rules(), connect_seconds=1)
    with pytest.raises(AddressNotAllowed):
        await client.get("http://127.0.0.1:9/")
    await client.aclose()
    assert opened == []
