"""Addresses: whose a request claims to be, and where a provider's would lead."""

import socket

import aiohttp
import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from accounts.api_keys import Scope, change_key
from accounts.models import ApiKey
from providers.actions import add_model, add_provider
from tests.api.v1.test_refusals import CHAT, GOOD, error_of
from usage.models import UsageRecord

ALLOWED = "192.0.2.7"
FORGED = [
    {"X-Forwarded-For": ALLOWED},
    {"X-Forwarded-For": f"{ALLOWED}, 198.51.100.1"},
    {"X-Forwarded-For": f"{ALLOWED},"},
    {"X-Forwarded-For": ""},
    {"X-Forwarded-For": f"{ALLOWED}\t, garbage"},
    {"X_Forwarded_For": ALLOWED},
    {"Forwarded": f"for={ALLOWED}"},
    {"X-Real-IP": ALLOWED, "CF-Connecting-IP": ALLOWED, "True-Client-IP": ALLOWED},
]


@pytest.fixture
def bound_key(http, model) -> None:
    change_key(ApiKey.objects.get(), "here", Scope(networks=("192.0.2.0/24",)))


@pytest.mark.parametrize("forged", FORGED)
@pytest.mark.parametrize("proxies", [0, 1, 2])
def test_what_a_client_says_of_itself_counts_for_nothing(
    http, bound_key, settings, forged, proxies
):
    """Behind a proxy its own entry counts, the last; what the client wrote stands before it."""
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    headers = dict(forged)
    if proxies and "X-Forwarded-For" in headers:
        ours = ["198.51.100.1", "10.0.0.1"][:proxies]
        headers["X-Forwarded-For"] = ", ".join([headers["X-Forwarded-For"], *ours])
    error = error_of(http.post(CHAT, json=GOOD, headers=headers), 401)
    assert error["code"] == "ip_not_authorized"
    assert not UsageRecord.objects.exists()


def test_what_our_proxy_says_counts(http, bound_key, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    headers = {"X-Forwarded-For": f"198.51.100.9, {ALLOWED}"}
    assert http.post(CHAT, json=GOOD, headers=headers).status_code == 200


def trapped() -> tuple[socket.socket, int]:
    trap = socket.create_server(("127.0.0.1", 0))
    trap.settimeout(0.2)
    return trap, trap.getsockname()[1]


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "2130706433",
     "0x7f000001", "0177.0.0.1", "127.1", "0", "0.0.0.0", "[::]", "[64:ff9b::7f00:1]",
     "127.0.0.1.", "LOCALHOST", "%31%32%37.0.0.1", "①②⑦.0.0.1", "169.254.169.254",
     "[fd00:ec2::254]", "a@127.0.0.1", "127.0.0.1#", "127.0.0.1\\@example.test"],
)  # fmt: skip
def test_a_provider_within_is_not_called_without_the_switch(http, admin_client, model, fake, host):
    """Neither for a program nor by the button that tests the connection."""
    trap, port = trapped()
    with trap:
        url = f"http://{host}:{port}/v1"
        try:
            inside = add_provider("Inside", url)
        except ValidationError:
            return  # not even stored
        spec = add_model(inside, "inside", public_name="inside")
        response = http.post(CHAT, json=GOOD | {"model": spec.public_name})
        error_of(response, response.status_code)
        assert response.status_code >= 500
        page = admin_client.post(reverse("usage:connection-test", args=[inside.pk]))
        assert page.status_code == 200
        with pytest.raises(TimeoutError):
            trap.accept()
    assert not UsageRecord.objects.exclude(cost=None).exists()
    assert not fake.calls


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "target", ["http://127.0.0.1:{}/v1", "//127.0.0.1:{}/", "gopher://[::1]:{}"]
)
def test_a_redirect_within_is_not_followed(http, model, fake, status, target):
    trap, port = trapped()
    with trap:
        fake.queue(status=status, body="", headers={"Location": target.format(port)})
        error_of(http.post(CHAT, json=GOOD), 502)
        with pytest.raises(TimeoutError):
            trap.accept()


def test_a_name_that_leads_to_us_is_looked_up_once_and_refused(http, transactional_db, monkeypatch):
    """Whatever it led to before: what is called is the very address that was checked."""
    trap, port = trapped()
    looked: list[str] = []

    async def resolve(self, host, port=0, family=socket.AF_INET):
        looked.append(host)
        found = {"hostname": host, "host": "127.0.0.1", "port": port, "family": socket.AF_INET}
        return [{**found, "proto": 0, "flags": 0}]

    monkeypatch.setattr(aiohttp.ThreadedResolver, "resolve", resolve)
    with trap:
        inside = add_provider("Rebinding", f"http://rebind.example.test:{port}/v1")
        add_model(inside, "rebinding", public_name="rebinding")
        error_of(http.post(CHAT, json=GOOD | {"model": "rebinding"}), 502)
        with pytest.raises(TimeoutError):
            trap.accept()
    assert looked == ["rebind.example.test"]
