"""Bodies and queries that no view could read are refused on every page, and break none."""

import pytest
from django.urls import reverse

URLS = [
    "account_login",
    "account_signup",
    "account_reset_password",
    "chat:new-draft-save",
    "chat:conversation-start",
    "assistants:prompt-create",
    "accounts:theme-change",
]
CHARSETS = [
    "unicode_escape",
    "utf-16",
    "latin-1",
    "hex",
    "rot13",
    "idna",
    "undefined",
    "zlib",
    "x",
    "utf8",
]


def multipart(charset: str) -> tuple[bytes, str]:
    parts = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n\\ud800\r\n'
        for name in ("text", "next", "email", "login", "name")
    )
    return f"{parts}--b--\r\n".encode(), f"multipart/form-data; boundary=b; charset={charset}"


def urlencoded(charset: str) -> tuple[bytes, str]:
    return b"text=a%FFb&next=%FF", f"application/x-www-form-urlencoded; charset={charset}"


@pytest.fixture(params=["somebody", "nobody"])
def visitor(request, client, owner_client):
    return owner_client if request.param == "somebody" else client


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("body", [multipart, urlencoded])
def test_a_body_in_another_charset_is_refused(visitor, body, charset):
    content, kind = body(charset)
    for name in URLS:
        response = visitor.generic("POST", reverse(name), content, kind)
        assert response.status_code == 400, name
        assert "could not be read" in response.content.decode()


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8"])
def test_utf_8_by_any_name_is_read(owner_client, charset):
    content, kind = urlencoded(charset)
    assert owner_client.generic("POST", "/draft/", content, kind).status_code in (204, 404)


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary="])
def test_a_body_without_its_boundary_is_refused(owner_client, kind):
    response = owner_client.generic("POST", reverse("chat:new-draft-save"), b"--x", kind)
    assert response.status_code == 400


@pytest.mark.parametrize("path", ["/", "/accounts/login/", "/prompts/", "/no/such/page/", "/c/"])
def test_a_query_with_nul_is_refused(visitor, path):
    assert visitor.get(f"{path}?q=a%00b&next=%00").status_code == 400
