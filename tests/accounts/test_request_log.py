"""The log of requests names the real client and none of the secrets in addresses."""

import pytest
from structlog.testing import capture_logs

pytestmark = pytest.mark.django_db


def logged(client, url: str, **headers) -> str:
    with capture_logs() as lines:
        client.get(url, headers=headers)
    assert lines
    return str(lines)


@pytest.mark.parametrize(
    "url",
    [
        "/accounts/signup/?setup=SECRET",
        "/accounts/password/reset/key/SECRET-SECRET/",
        "/accounts/confirm-email/SECRET:SECRET/",
        "/accounts/login/?next=/SECRET",
        "/?q=SECRET",
    ],
)
def test_no_secret_of_an_address_is_logged(client, url):
    lines = logged(client, url)
    assert "SECRET" not in lines
    assert f"GET {url.split('SECRET')[0].split('?')[0]}" in lines


def test_pages_are_logged_by_their_path(client):
    assert "GET /accounts/password/reset/key/done/" in logged(
        client, "/accounts/password/reset/key/done/"
    )


def test_a_forged_client_address_is_not_logged(client, caplog):
    def seen(**headers) -> str:
        caplog.clear()
        with caplog.at_level("INFO"):
            client.get("/accounts/login/", headers=headers)
        return caplog.text

    assert "6.6.6.6" not in seen(x_forwarded_for="6.6.6.6", x_real_ip="6.6.6.6")


def test_behind_our_proxy_its_entry_is_logged(client, caplog, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    with caplog.at_level("INFO"):
        client.get("/accounts/login/", headers={"x_forwarded_for": "6.6.6.6, 10.7.7.7"})
    assert "10.7.7.7" in caplog.text
    assert "6.6.6.6" not in caplog.text
