"""What /v1 refuses: in OpenAI's shape, with nothing charged and nothing sent on."""

import json
import socket
from urllib.parse import urlsplit

import pytest

from accounts.actions import deactivate_user
from accounts.api_keys import Scope, change_key, issue_key
from accounts.models import ApiKey, Team
from tests.api.v1.conftest import UPSTREAM_KEY
from usage.models import UsageRecord

MESSAGES = [{"role": "user", "content": "Hello?"}]
GOOD = {"model": "house-model", "messages": MESSAGES}
CHAT = "/v1/chat/completions"


def error_of(response, status: int) -> dict:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-request-id"].startswith("req_")
    (error,) = response.json().values()
    assert error.keys() == {"message", "type", "param", "code"}
    assert error["message"]
    return error


@pytest.fixture(autouse=True)
def _nothing_is_charged(model, fake):
    yield
    assert not fake.calls
    assert not UsageRecord.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"\xff\xfe",
        b'{"model": NaN}',
        b'{"model": "house-model", "temperature": 1e999, "messages": [{"role": "user"}]}',
        b'{"model": "house-model", "messages": [{"role": "user", "content": "\\ud83d"}]}',
        b"[" * 100_000,
        b'{"a":' * 100 + b"1" + b"}" * 100,
        b'{"n": ' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_no_json_object(http, body):
    error = error_of(http.post(CHAT, content=body), 400)
    assert error["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"model": None}, "model"),
        ({"model": 7}, "model"),
        ({"model": ""}, "model"),
        ({"model": "a\x00b"}, "model"),
        ({"model": "m" * 300}, "model"),
        ({"messages": None}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": "hi"}, "messages"),
        ({"messages": ["hi"]}, "messages[0]"),
        ({"messages": [{"content": "hi"}]}, "messages[0]"),
        ({"messages": [{"role": "user", "content": ["hi"]}]}, "messages[0].content"),
        ({"stream": "yes"}, "stream"),
        ({"stream_options": {"include_usage": True}}, "stream_options"),
        ({"stream_options": 1, "stream": True}, "stream_options"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"max_tokens": 1.5}, "max_tokens"),
        ({"max_tokens": True}, "max_tokens"),
        ({"max_tokens": 10**30}, "max_tokens"),
        ({"max_completion_tokens": "9"}, "max_completion_tokens"),
        ({"n": 0}, "n"),
        ({"n": 1000}, "n"),
        ({"api_base": "http://127.0.0.1:5432"}, "api_base"),
        ({"base_url": "http://127.0.0.1"}, "base_url"),
        ({"api_key": "sk-x"}, "api_key"),
        ({"extra_headers": {}}, "extra_headers"),
    ],
)
def test_what_does_not_fit(http, changes, param):
    error = error_of(http.post(CHAT, json=GOOD | changes), 400)
    assert error["param"] == param


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:5432/",
        "http://[::ffff:127.0.0.1]/",
        "http://2130706433/",
        "https://example.test/cat.png",
        "file:///etc/passwd",
        "data:text/html,x",
        7,
    ],
)
def test_an_image_is_fetched_from_nowhere(http, url):
    part = {"type": "image_url", "image_url": {"url": url}}
    messages = [{"role": "user", "content": [part]}]
    error = error_of(http.post(CHAT, json=GOOD | {"messages": messages}), 400)
    assert error["param"] == "messages[0].content.image_url"


@pytest.mark.parametrize("name", ["none", "fake", "HOUSE-MODEL", "' OR 1=1 --", "../x", "模型"])
def test_a_model_that_is_not_there(http, name):
    error = error_of(http.post(CHAT, json=GOOD | {"model": name}), 404)
    assert (error["code"], error["param"]) == ("model_not_found", "model")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic c2stYTpi"},
        {"Authorization": "Bearer sk-none"},
        {"Authorization": "Bearer ' OR 1=1 --"},
        {"Authorization": b"Bearer \xff\xfe"},
        {"Authorization": "Bearer sk-causerie-" + "a" * 43},
        {"Authorization": "Bearer " + "a" * 8000},
    ],
)
def test_a_key_that_is_none(http, headers):
    del http.headers["Authorization"]
    error_of(http.post(CHAT, json=GOOD, headers=headers), 401)
    error_of(http.get("/v1/models", headers=headers), 401)


def test_a_key_in_another_header_or_in_the_address(http, secret):
    del http.headers["Authorization"]
    for headers in ({"api-key": secret}, {"X-Api-Key": secret}, {"Cookie": f"key={secret}"}):
        error_of(http.post(CHAT, json=GOOD, headers=headers), 401)
    response = http.post(f"{CHAT}?api_key={secret}", json=GOOD)
    assert secret not in json.dumps(error_of(response, 401))


def test_a_session_opens_nothing(http, owner_client):
    del http.headers["Authorization"]
    cookie = f"sessionid={owner_client.cookies['sessionid'].value}"
    error_of(http.get("/v1/models", headers={"Cookie": cookie}), 401)


def test_a_suspended_person_s_key(http, owner):
    deactivate_user(owner)
    error = error_of(http.post(CHAT, json=GOOD), 401)
    assert error["code"] == "invalid_api_key"
    assert "suspended" in error["message"]


def test_an_address_that_the_key_does_not_know_whatever_is_forwarded(http):
    change_key(ApiKey.objects.get(), "here", Scope(networks=("192.0.2.0/24",)))
    for spoofed in ({}, {"X-Forwarded-For": "192.0.2.7"}, {"X-Real-IP": "192.0.2.7"}):
        error = error_of(http.post(CHAT, json=GOOD, headers=spoofed), 401)
        assert error["code"] == "ip_not_authorized"


def test_an_endpoint_that_the_key_does_not_open(http):
    change_key(ApiKey.objects.get(), "narrow", Scope(endpoints=("models",)))
    error = error_of(http.post(CHAT, json=GOOD), 403)
    assert error["code"] == "insufficient_permissions"
    assert http.get("/v1/models").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", CHAT, 405),
        ("DELETE", CHAT, 405),
        ("POST", "/v1/models", 405),
        ("PUT", "/v1/models/house-model", 405),
        ("GET", "/v1", 404),
        ("GET", "/v1/", 404),
        ("GET", "/v1/files", 404),
        ("POST", "/v1/chat/completions/", 404),
        ("GET", "/v1/models/none", 404),
        ("GET", "/v1/models/%00", 404),
        ("GET", "/v1/%FF%FE", 404),
    ],
)
def test_what_is_not_there_or_takes_another_method(http, method, path, status):
    response = http.request(method, path)
    error_of(response, status)
    if status == 405:
        assert response.headers["allow"] in ("GET", "POST")


def test_a_body_of_50_mb_is_refused_before_it_is_read(origin, secret):
    """The answer comes while nothing but the head was sent."""
    place = urlsplit(origin)
    head = (
        f"POST {CHAT} HTTP/1.1\r\nHost: {place.netloc}\r\nAuthorization: Bearer {secret}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {50 * 2**20}\r\n\r\n"
    )
    with socket.create_connection((place.hostname, place.port), timeout=10) as wire:
        wire.sendall(head.encode())
        assert wire.recv(4096).startswith(b"HTTP/1.1 413 ")


def test_a_large_body_without_a_stated_length_is_refused(http):
    parts = (b"x" * 2**20 for _ in range(25))
    error_of(http.post(CHAT, content=parts), 413)


def test_what_others_send_as_headers_does_not_come_back(http):
    sent = {"X-Request-Id": "a\tb", "Origin": "https://evil.test"}
    response = http.get("/v1/models", headers=sent)
    assert response.status_code == 200
    assert response.headers["x-request-id"].startswith("req_")
    assert "access-control-allow-origin" not in response.headers
    assert "set-cookie" not in response.headers


class TestAProviderThatTellsItsKey:
    """Its error names the key it was given: a program must not learn it."""

    @pytest.fixture(autouse=True)
    def _nothing_is_charged(self, model, fake, request):
        yield
        came = request.function.__name__ == "test_in_the_middle_of_a_stream"  # and is paid
        assert came or not UsageRecord.objects.exclude(cost=None).exists()

    @pytest.mark.parametrize("status", [400, 401, 403, 429, 500])
    @pytest.mark.parametrize("is_stream", [True, False])
    def test_refusing(self, http, fake, status, is_stream):
        told = f"Incorrect key {UPSTREAM_KEY} for {{you}}; see Bearer {UPSTREAM_KEY}"
        fake.queue(status=status, body={"error": {"message": told}})
        response = http.post(CHAT, json=GOOD | {"stream": is_stream})
        assert response.status_code in (400, 429, 502, 503)
        assert UPSTREAM_KEY not in response.text
        error_of(response, response.status_code)

    def test_in_the_middle_of_a_stream(self, http, fake):
        event = {"error": {"message": f"{UPSTREAM_KEY} was used too often"}}
        fake.queue(pieces=["a ", "b ", "c "], error_after=2, error=event)
        response = http.post(CHAT, json=GOOD | {"stream": True})
        assert response.status_code == 200
        assert UPSTREAM_KEY not in response.text
        assert "[DONE]" not in response.text
        *_, last = response.text.strip().split("\n\n")
        assert json.loads(last.removeprefix("data: "))["error"]["code"] == "server"

    def test_what_it_did_not_accept_is_told(self, http, fake):
        fake.queue(status=400, body={"error": {"message": "Invalid schema: missing 'type'"}})
        error = error_of(http.post(CHAT, json=GOOD), 400)
        assert "Invalid schema: missing 'type'" in error["message"]


def test_two_people_s_keys_see_their_own_models_only(http, model, outsider):
    team = Team.objects.create(name="Otto's")
    team.members.add(outsider)
    model.teams.add(team)
    error_of(http.post(CHAT, json=GOOD), 404)
    _, other = issue_key(outsider, "theirs")
    names = http.get("/v1/models", headers={"Authorization": f"Bearer {other}"}).json()["data"]
    assert [each["id"] for each in names] == ["house-model"]
