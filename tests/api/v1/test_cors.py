"""Pages of other origins: who may ask /v1 from a browser, and what is told of that."""

import httpx2
import pytest

from ops.addresses import origins
from ops.errors import CannotStart
from providers.actions import add_model
from tests.test_production_settings import manage

CHAT = "/v1/chat/completions"
PAGE = "https://app.example"
HELLO = {"model": "house-model", "messages": [{"role": "user", "content": "Hello?"}]}
ASKS = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}


def of_cors(response) -> dict[str, str]:
    names = (name for name in response.headers if name.startswith("access-control-"))
    return {name: response.headers[name] for name in names}


@pytest.fixture
def anybody(origin):
    with httpx2.Client(base_url=origin) as made:
        yield made


@pytest.fixture
def _named(settings):
    settings.API_CORS_ORIGINS = [PAGE, "app://notes"]


@pytest.mark.usefixtures("_named")
class TestNamed:
    def test_a_browser_asks_first_without_a_key(self, anybody, transactional_db):
        asked = "authorization, content-type, x-stainless-lang, openai-project,idempotency-key"
        headers = {**ASKS, "Access-Control-Request-Headers": asked}
        answer = anybody.options(CHAT, headers=headers)
        assert (answer.status_code, answer.content) == (204, b"")
        assert of_cors(answer) == {
            "access-control-allow-origin": PAGE,
            "access-control-allow-methods": "GET, POST",
            "access-control-allow-headers": ", ".join(asked.replace(" ", "").split(",")),
            "access-control-max-age": "600",
        }
        assert answer.headers["vary"] == "Origin"

    def test_only_names_of_headers_are_echoed(self, anybody, transactional_db):
        asked = b"content-type, <b>, a b, caf\xc3\xa9, " + b"x" * 200
        told = [(b"Access-Control-Request-Headers", asked)]
        headers = [*((name.encode(), value.encode()) for name, value in ASKS.items()), *told]
        answer = anybody.options(CHAT, headers=headers)
        assert answer.headers["access-control-allow-headers"] == "content-type"

    @pytest.mark.parametrize(
        "page", ["https://app.example.evil", "http://app.example", "null", "https://other.example"]
    )
    def test_another_origin_is_told_nothing(self, http, model, page):
        preflight = http.options(CHAT, headers={**ASKS, "Origin": page})
        assert preflight.status_code == 405
        answer = http.post(CHAT, json=HELLO, headers={"Origin": page})
        assert answer.status_code == 200
        for each in (preflight, answer):
            assert of_cors(each) == {}
            assert each.headers["vary"] == "Origin"

    def test_what_is_no_question_of_a_browser_is_a_wrong_method(self, http, model):
        assert http.options(CHAT, headers={"Origin": PAGE}).status_code == 405
        assert http.options(CHAT).status_code == 405

    def test_an_answer_may_be_read_with_the_headers_that_are_ours(self, http, model):
        answer = http.post(CHAT, json=HELLO, headers={"Origin": PAGE})
        told = of_cors(answer)
        assert told.pop("access-control-allow-origin") == PAGE
        exposed = told.pop("access-control-expose-headers").split(", ")
        assert {"x-request-id", "x-causerie-deployment", "retry-after"} <= set(exposed)
        assert "x-ratelimit-remaining-tokens" in exposed
        assert told == {}, "credentials are never allowed"

    def test_a_stream_may_be_read(self, http, model):
        headers = {"Origin": "app://notes"}
        with http.stream("POST", CHAT, json={**HELLO, "stream": True}, headers=headers) as answer:
            assert answer.headers["access-control-allow-origin"] == "app://notes"
            assert b"".join(answer.iter_bytes()).endswith(b"data: [DONE]\n\n")

    @pytest.mark.parametrize(
        ("path", "status"), [(CHAT, 401), ("/v1/models", 401), ("/v1/nowhere", 404)]
    )
    def test_a_refusal_may_be_read(self, anybody, transactional_db, path, status):
        answer = anybody.request("POST" if path == CHAT else "GET", path, headers={"Origin": PAGE})
        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == PAGE

    def test_a_refusal_of_a_limit_may_be_read(self, http, provider):
        add_model(provider, "fake-e429", public_name="busy")
        answer = http.post(CHAT, json={**HELLO, "model": "busy"}, headers={"Origin": PAGE})
        assert answer.status_code == 429
        assert answer.headers["access-control-allow-origin"] == PAGE

    def test_a_request_that_is_too_large_is_refused_readably(self, anybody, transactional_db):
        parts = (b"x" * 2**20 for _ in range(25))
        answer = anybody.post(CHAT, content=parts, headers={"Origin": PAGE})
        assert answer.status_code == 413
        assert answer.headers["access-control-allow-origin"] == PAGE


def test_by_default_there_is_no_header_of_cors(http, model):
    preflight = http.options(CHAT, headers=ASKS)
    assert preflight.status_code == 405
    answer = http.post(CHAT, json=HELLO, headers={"Origin": PAGE})
    for each in (preflight, answer):
        assert of_cors(each) == {}
        assert "vary" not in each.headers


def test_any_origin_where_all_are_named(http, model, settings):
    settings.API_CORS_ORIGINS = ["*"]
    assert of_cors(http.options(CHAT, headers=ASKS))["access-control-allow-origin"] == "*"
    answer = http.post(CHAT, json=HELLO, headers={"Origin": "null"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "vary" not in answer.headers


@pytest.mark.usefixtures("_named")
def test_the_pages_for_people_are_open_to_no_other_origin(anybody, transactional_db):
    for each in (anybody.options("/", headers=ASKS), anybody.get("/", headers={"Origin": PAGE})):
        assert of_cors(each) == {}


@pytest.mark.parametrize(
    "given",
    [
        "https://app.example/",
        "https://app.example/path",
        "https://app.example evil.example",
        "https://app.example?x",
        "https://user@app.example",
        "https://*.example",
        "https://app.example:443",
        "http://app.example:80",
        "https://app.example:port",
        "app.example",
        "null",
        "//app.example",
        "https://",
        "https://bücher.example",
        "",
    ],
)
def test_what_is_no_origin_is_refused(given):
    for several in ([given], [PAGE, given], ["*", PAGE]):
        with pytest.raises(CannotStart, match=r"API_X: .* is not an origin"):
            origins(several, "API_X")


def test_origins_are_read_as_browsers_send_them():
    given = [" https://App.Example", "http://localhost:5173", "http://[::1]:8080", "app://x"]
    read = ["https://app.example", "http://localhost:5173", "http://[::1]:8080", "app://x"]
    assert origins(given, "API_X") == read
    assert origins(["*"], "API_X") == ["*"]
    assert origins([], "API_X") == []


def test_nothing_starts_with_a_setting_that_is_none():
    done = manage("check", API_CORS_ORIGINS="https://app.example/path")
    assert done.returncode == 1
    assert done.stderr.startswith("Causerie cannot start. API_CORS_ORIGINS: ")
