"""A provider's key goes to its provider's origin and to nobody else."""

import logging
from dataclasses import replace

import pytest
from aiohttp import web

from providers import errors
from providers.backends.clients import close_clients
from providers.listing import listed
from tests.fake_backend import FakeBackend, running
from tests.providers.conftest import HELLO, SECRET, backend, read, read_broken


@pytest.mark.parametrize("kind", ["openai", "azure"])
async def test_a_provider_that_redirects_does_not_pass_the_key_on(kind: str):
    async with running() as fake:

        async def away(request: web.Request) -> web.Response:
            raise web.HTTPTemporaryRedirect(f"{fake.base_url}/chat/completions")

        app = web.Application()
        app.router.add_post("/v1/chat/completions", away)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        called = backend(fake, base_url=url)
        called = replace(called, target=replace(called.target, kind=kind))
        _, error = await read_broken(called)
        await close_clients()
        await runner.cleanup()
        assert (error.kind, error.status) == ("redirected", 307)
        assert fake.calls == []


@pytest.mark.parametrize("kind", ["openai", "azure"])
async def test_a_list_of_models_that_is_elsewhere_is_asked_for_without_the_key(kind: str):
    async with running() as home, running() as elsewhere:
        home.list_with(status=307, body="", headers={"Location": f"{elsewhere.base_url}/models"})
        elsewhere.accept("")
        with pytest.raises(errors.Redirected):
            await listed(home.base_url, SECRET, kind=kind, allow_private=True, seconds=5)
        assert SECRET in str(home.listed)
        assert len(elsewhere.listed) == 1
        assert SECRET not in str(elsewhere.listed)


@pytest.mark.parametrize(
    "base_url",
    ["http://169.254.169.254/v1", "http://[fe80::1]/v1", "http://0.0.0.0:9/v1", "http://127.1/v1"],
)
async def test_a_provider_inside_what_is_never_allowed(base_url: str):
    async with running() as fake:
        _, error = await read_broken(backend(fake, base_url=base_url))
        await close_clients()
    assert error.kind in {"address_refused", "connection"}


async def test_a_provider_at_home_only_with_the_switch(unused_tcp_port: int):
    async with running() as fake:
        _, error = await read_broken(backend(fake, allow_private=False))
        assert type(error) is errors.AddressRefused
        assert not error.retry
        assert fake.calls == []
        await read(backend(fake))
        assert len(fake.calls) == 1
        await close_clients()


async def test_the_key_is_in_no_log(caplog: pytest.LogCaptureFixture):
    """Not even with every logger at its most talkative."""
    for name in ("", "openai", "httpx2", "httpcore2", "aiohttp", "asyncio", "providers"):
        caplog.set_level(logging.DEBUG, logger=name)
    async with running() as fake:
        await read(backend(fake, "fake-n2"))
        fake.queue(status=401, body={"error": {"message": f"wrong key {SECRET}"}})
        await read_broken(backend(fake))
        fake.queue(raw=["data: nonsense\n\n"])
        await read_broken(backend(fake))
        await close_clients()
    assert caplog.records, "nothing was logged: this test would prove nothing"
    for record in caplog.records:
        assert SECRET not in f"{record.getMessage()} {record.args} {record.exc_text}"


def test_the_key_is_in_no_repr():
    class Nowhere(FakeBackend):
        def __init__(self) -> None:
            self.base_url = "http://127.0.0.1:9/v1"

    called = backend(Nowhere())
    assert SECRET not in f"{called!r} {called} {called.target!r} {HELLO!r}"
