"""Which error a refusal is, what it says to people, and what it keeps to itself."""

import copy
import pickle
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from django.utils import translation

from providers import errors
from providers.backends.failures import from_event, from_status, redacted, retry_after
from providers.values import Prompt, Turn
from tests.fake_backend import FakeBackend
from tests.providers.conftest import HELLO, SECRET, backend, read_broken


def error(message: str = "", **fields: Any) -> dict:
    return {"error": {"message": message, **fields}}


LLAMA_TOO_LONG = (
    "the request exceeds the available context size. try increasing the context size or enable "
    "context shift"
)
VLLM_TOO_LONG = "This model's maximum context length is 2048 tokens. However, you requested 4096."
AZURE_FILTER = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {}}

TABLE: list[tuple[int, Any, str]] = [
    # OpenAI
    (401, error("Incorrect API key provided: sk-abc***", code="invalid_api_key"), "authentication"),
    (403, error(code="unsupported_country_region_territory"), "permission"),
    (404, error("The model `x` does not exist", code="model_not_found"), "model_not_found"),
    (400, error(code="context_length_exceeded"), "context_too_long"),
    (400, error(code="string_above_max_length"), "context_too_long"),
    (400, error(code="content_policy_violation"), "content_filter"),
    (400, error("Invalid value", type="invalid_request_error", code=None), "bad_request"),
    (429, error(code="insufficient_quota", type="insufficient_quota"), "quota"),
    (429, error(code="rate_limit_exceeded", type="requests"), "rate_limit"),
    (429, error(code="billing_hard_limit_reached"), "quota"),
    (500, error("The server had an error", type="server_error"), "server"),
    (503, error("The engine is currently overloaded", code="engine_overloaded"), "overloaded"),
    (503, error(code="slow_down"), "overloaded"),
    # Azure
    (404, error(code="DeploymentNotFound"), "model_not_found"),
    (400, error(code="content_filter", innererror=AZURE_FILTER), "content_filter"),
    (401, error(code="401"), "authentication"),
    # llama.cpp
    (400, error(LLAMA_TOO_LONG, type="exceed_context_size_error", code=400), "context_too_long"),
    (400, error(LLAMA_TOO_LONG, type="invalid_request_error", code=400), "context_too_long"),
    (503, error("Loading model", type="unavailable_error", code=503), "overloaded"),
    (401, error("Invalid API Key", type="authentication_error", code=401), "authentication"),
    # vLLM
    (400, {"object": "error", "message": VLLM_TOO_LONG, "code": 400}, "context_too_long"),
    (404, {"object": "error", "message": "The model `x` does not exist."}, "model_not_found"),
    (400, {"detail": "There was an error parsing the body"}, "bad_request"),
    # Ollama
    (404, {"error": 'model "x" not found, try pulling it first'}, "model_not_found"),
    (404, error('model "x" not found', type="api_error"), "model_not_found"),
    (400, {"error": "input length exceeds maximum context length"}, "context_too_long"),
    (503, {"error": "server busy, please try again"}, "overloaded"),
    # DeepSeek, OpenRouter, LiteLLM, gateways
    (402, error("Insufficient Balance"), "quota"),
    (402, "", "quota"),
    (429, error(type="rate_limit_error"), "rate_limit"),
    (529, error(type="overloaded_error"), "overloaded"),
    (400, error(type="ContextWindowExceededError"), "context_too_long"),
    (408, "", "timeout"),
    (413, "", "context_too_long"),
    (422, {"detail": [{"loc": ["body"], "msg": "field required"}]}, "bad_request"),
    (502, "<html>Bad gateway</html>", "server"),
    (504, None, "server"),
    (418, "I'm a teapot", "bad_request"),
    (302, "", "redirected"),
    (500, error(code={"nested": 1}, type=["x"]), "server"),
    (500, [], "server"),
]


@pytest.mark.parametrize(("status", "body", "kind"), TABLE)
def test_the_kind_of_a_refusal(status: int, body: Any, kind: str):
    failure = from_status(status, body, {})
    assert (failure.kind, failure.status) == (kind, status)


@pytest.mark.parametrize(("status", "body", "kind"), TABLE)
async def test_the_same_from_a_server(fake: FakeBackend, status: int, body: Any, kind: str):
    """The SDK's exception in between loses nothing."""
    for _ in range(2):
        fake.queue(status=status, body="" if body is None else body)
    seen, failure = await read_broken(backend(fake))
    assert (seen, failure.kind, failure.status) == ([], kind, status)
    with pytest.raises(errors.ProviderError) as raised:
        await backend(fake).complete(HELLO, request_id="x")
    assert raised.value.kind == kind


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (error("boom", code=500), "server"),
        (error("slow", code=429), "rate_limit"),
        (error(code="insufficient_quota"), "quota"),
        (error(VLLM_TOO_LONG, code=400), "context_too_long"),
        (error(code=12), "server"),
        (error(code=True), "server"),
        ({"error": "text"}, "server"),
        ({"object": "error", "message": "x", "code": 503}, "overloaded"),
    ],
)
def test_the_kind_of_an_event(event: dict, kind: str):
    assert from_event(event).kind == kind


def every_error() -> list[type[errors.ProviderError]]:
    found, todo = [], [errors.ProviderError]
    while todo:
        each = todo.pop()
        found.append(each)
        todo += each.__subclasses__()
    return found


def test_every_error_is_in_the_drawing_as_it_is():
    drawn = {}
    for line in (errors.__doc__ or "").splitlines():
        words = line.replace("├──", " ").replace("└──", " ").replace("│", " ").split()
        if len(words) in {2, 3} and words[0][0].isupper():
            drawn[words[0]] = (words[1], len(words) == 3 and words[2] == "retry")
    told = {each.__name__: (each.kind, each.retry) for each in every_error()[1:]}
    assert drawn == told


def test_kinds_are_unique_and_fit_a_column():
    kinds = [each.kind for each in every_error()]
    assert len(set(kinds)) == len(kinds)
    assert max(map(len, kinds)) <= 30


@pytest.mark.parametrize("kind", every_error())
def test_an_error_says_a_sentence_and_nothing_else(kind: type[errors.ProviderError]):
    failure = kind("upstream said sk-secret", status=500, retry_after=2)
    with translation.override("en"):
        assert str(failure.sentence).endswith(".")
    assert "upstream" not in f"{failure} {failure!r} {failure.sentence} {failure.args}"
    for twin in (copy.copy(failure), pickle.loads(pickle.dumps(failure))):
        assert type(twin) is kind
        assert (twin.detail, twin.status, twin.retry_after) == (failure.detail, 500, 2)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": " 3 "}, 3),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "1e9"}, None),
        ({"retry-after": "999999"}, 300),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "Mon, 99 Foo 2026 99:99:99 GMT"}, None),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "x", "retry-after": "9"}, 9),
        ({"retry-after": "Sun, 06 Nov 1994 08:49:37 GMT"}, 0),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}, 300),
    ],
)
def test_how_long_a_server_asks_to_wait(headers: dict, seconds: float | None):
    assert retry_after(headers) == seconds


def test_a_date_to_wait_for():
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert 57 < (retry_after({"retry-after": date}) or 0) <= 60


async def test_the_wait_arrives_whatever_the_header_is_called(fake: FakeBackend):
    fake.queue(status=429, headers={"Retry-After": "12"})
    _, failure = await read_broken(backend(fake))
    assert failure.retry_after == 12


@pytest.mark.parametrize(
    "text",
    [
        f"Incorrect API key provided: {SECRET}.",
        f"Bearer {SECRET}",
        f'{{"api_key": "{SECRET}"}}',
        f"key={SECRET}",
        f"x{SECRET}x",
        f"{SECRET[:20]}\n{SECRET}",
    ],
)
def test_a_key_in_the_servers_words_is_removed(text: str):
    for detail in (redacted(text), redacted(text, SECRET)):
        assert SECRET not in detail
        assert SECRET[8:] not in detail


def test_a_key_that_looks_like_nothing_is_removed_where_it_is_known():
    assert redacted("refused: swordfish", "swordfish") == "refused: [key]"


def test_details_are_short_and_on_one_line():
    detail = redacted("line one\nline two\x1b[31m " + "word " * 5000)
    assert len(detail) <= 500
    assert detail.isprintable()


def test_ordinary_words_stay():
    words = VLLM_TOO_LONG + " Please reduce the length of the messages or completion."
    assert redacted(words) == words


async def test_the_key_is_in_no_error_of_a_server_that_repeats_it(fake: FakeBackend):
    fake.queue(status=401, body=error(f"Incorrect API key provided: {SECRET}"))
    _, failure = await read_broken(backend(fake))
    assert failure.kind == "authentication"
    chain, seen = [], failure
    while seen is not None:
        chain.append(f"{seen!r} {seen} {seen.__dict__}")
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    assert SECRET not in " ".join(chain)


@pytest.mark.parametrize("way", ["stream", "complete"])
async def test_nor_in_one_inside_an_answer(fake: FakeBackend, way: str):
    fake.queue(raw=['data: {"error": {"message": "swordfish!"}}\n\n'])
    called = backend(fake, secret="swordfish")
    if way == "complete":
        fake.reset()
        fake.queue(raw=['{"error": {"message": "swordfish!"}}'])
        with pytest.raises(errors.ServerFailed) as raised:
            await called.complete(HELLO, request_id="x")
        failure: errors.ProviderError = raised.value
    else:
        _, failure = await read_broken(called)
    assert failure.detail == "[key]!"


async def test_a_prompt_that_cannot_be_sent_is_a_bad_request(fake: FakeBackend):
    _, failure = await read_broken(backend(fake), Prompt((Turn("user", "\ud800"),), max_tokens=5))
    assert failure.kind == "bad_request"
    assert fake.calls == []
