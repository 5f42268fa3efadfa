"""What holds at each endpoint of /v1 that a model answers."""

import json
from decimal import Decimal

import pytest

from accounts.api_keys import Scope, change_key
from accounts.models import ApiKey, Endpoint
from providers.actions import add_model
from providers.models import Ability, Route
from tests.api.v1.ledger import record, records
from tests.api.v1.test_refusals import error_of
from usage.limits import set_limits
from usage.models import UsageRecord

BODIES = {
    Endpoint.CHAT: {"messages": [{"role": "user", "content": "Hello?"}]},
    Endpoint.COMPLETIONS: {"prompt": "Once upon a time"},
    Endpoint.EMBEDDINGS: {"input": "A sentence that is embedded."},
    Endpoint.IMAGES: {"prompt": "a cat"},
    Endpoint.MODERATIONS: {"input": "a harmless sentence"},
}
ABILITY = {
    Endpoint.CHAT: Ability.CHAT,
    Endpoint.COMPLETIONS: Ability.COMPLETIONS,
    Endpoint.EMBEDDINGS: Ability.EMBEDDINGS,
    Endpoint.IMAGES: Ability.IMAGES,
    Endpoint.MODERATIONS: Ability.MODERATION,
}
WHOLE = {
    Endpoint.CHAT: {"choices": [{"message": {"content": "é"}, "finish_reason": "stop"}]},
    Endpoint.COMPLETIONS: {"choices": [{"index": 0, "text": "é", "finish_reason": "length"}]},
    Endpoint.EMBEDDINGS: {"data": [{"embedding": [0.10, -2e-05]}], "usage": {"prompt_tokens": 3}},
    Endpoint.IMAGES: {"created": 1, "data": [{"url": "https://pictures.example.test/a.png"}]},
    Endpoint.MODERATIONS: {"id": "modr-1", "results": [{"flagged": False}]},
}
pytestmark = pytest.mark.parametrize("endpoint", list(BODIES), ids=lambda each: each.name.lower())


def path(endpoint: Endpoint) -> str:
    return f"/v1/{endpoint.value}"


def body(endpoint: Endpoint, **more) -> dict:
    return {"model": "able", **BODIES[endpoint], **more}


@pytest.fixture
def able(provider):
    """A model for everything."""
    return add_model(
        provider,
        "fake-n5",
        public_name="able",
        abilities=[each.value for each in ABILITY.values()],
        input_price=Decimal(1),
        output_price=Decimal(1),
        max_output_tokens=1000,
    )


def test_the_answer_comes_byte_for_byte(http, able, fake, endpoint):
    """Whatever is in it: its order, its spaces and how it writes numbers."""
    sent = json.dumps({"zeta": 1.50, **WHOLE[endpoint], "unknown": None}, indent=3)
    fake.queue(raw=[sent])
    response = http.post(path(endpoint), json=body(endpoint))
    assert response.status_code == 200, response.text
    assert response.content == sent.encode()
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-causerie-deployment"] == "fake-n5"
    assert response.headers["x-request-id"].startswith("req_")


def test_what_is_not_known_here_is_passed_on(http, able, fake, endpoint):
    more = {"seed": 7, "x_of_a_vendor": {"deep": [1, None, "ü"]}, "user": "u-1"}
    assert http.post(path(endpoint), json=body(endpoint, **more)).status_code == 200
    (call,) = fake.calls
    assert call.path == path(endpoint)
    assert call.model == "fake-n5"
    assert call.request["x_of_a_vendor"] == more["x_of_a_vendor"]
    assert (call.request["seed"], call.request["user"]) == (7, "u-1")


def test_it_is_written_into_the_ledger(http, able, fake, endpoint, owner):
    http.post(path(endpoint), json=body(endpoint))
    row = record()
    assert (row.door, row.account.user, row.key) == ("api", owner, ApiKey.objects.get())
    assert (row.model, row.deployment, row.state) == (able, able, "settled")
    assert row.outcome == "stop"
    assert row.latency_ms is not None
    usage = fake.calls[0].usage
    assert row.is_reported is (usage is not None)
    if usage is not None:
        assert row.input_tokens == usage["prompt_tokens"]
        assert row.output_tokens == usage.get("completion_tokens", 0)
        assert row.cost == Decimal(usage["total_tokens"]) / 1_000_000


def test_another_deployment_answers_where_the_first_fails(http, provider, able, fake, endpoint):
    other = ABILITY[Endpoint.CHAT if endpoint is not Endpoint.CHAT else Endpoint.EMBEDDINGS]
    unable = add_model(provider, "unable", abilities=[other.value])
    second = add_model(provider, "fake-n4", label="Second", abilities=[ABILITY[endpoint].value])
    Route.objects.create(model=able, to=unable, priority=1)
    Route.objects.create(model=able, to=second, priority=2)
    fake.queue(status=500, body={"error": {"message": "fell over"}})
    response = http.post(path(endpoint), json=body(endpoint))
    assert response.status_code == 200, response.text
    assert response.headers["x-causerie-deployment"] == "Second"
    assert [call.model for call in fake.calls] == ["fake-n5", "fake-n4"]
    rows = records()
    assert [(row.state, row.outcome) for row in rows] == [
        ("released", "server"),
        ("settled", "stop"),
    ]


def test_what_no_deployment_answers_is_told(http, able, fake, endpoint):
    fake.queue(status=503, body={"error": {"message": "busy"}})
    assert error_of(http.post(path(endpoint), json=body(endpoint)), 503)["code"] == "overloaded"
    assert record().state == "released"


@pytest.mark.parametrize("told", ["not json", "[]", "{}", '{"data": 7}', '{"choices": []}', ""])
def test_what_is_no_answer_is_not_passed_on(http, able, fake, endpoint, told):
    fake.queue(raw=[told])
    assert error_of(http.post(path(endpoint), json=body(endpoint)), 502)["code"] == "bad_response"


class TestRefused:
    """With nothing sent on and nothing charged."""

    @pytest.fixture(autouse=True)
    def _nothing_is_charged(self, able, fake):
        yield
        assert not fake.calls
        assert not UsageRecord.objects.exists()

    def test_without_a_key(self, http, endpoint):
        del http.headers["Authorization"]
        error_of(http.post(path(endpoint), json=body(endpoint)), 401)

    def test_by_a_key_that_does_not_open_it(self, http, endpoint):
        rest = tuple(each.value for each in Endpoint if each is not endpoint)
        change_key(ApiKey.objects.get(), "narrow", Scope(endpoints=rest))
        error = error_of(http.post(path(endpoint), json=body(endpoint)), 403)
        assert error["code"] == "insufficient_permissions"
        assert endpoint.value in error["message"]

    @pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
    def test_by_another_method(self, http, endpoint, method):
        response = http.request(method, path(endpoint))
        error_of(response, 405)
        assert response.headers["allow"] == "POST"

    def test_a_model_that_is_for_something_else(self, http, provider, endpoint):
        rest = [each for each in ABILITY if each is not endpoint]
        abilities = [ABILITY[each].value for each in rest]
        add_model(provider, "other", public_name="other", abilities=abilities)
        error = error_of(http.post(path(endpoint), json=body(endpoint, model="other")), 404)
        assert (error["param"], error["code"]) == ("model", "model_not_supported")
        assert all(path(each) in error["message"] for each in rest)

    @pytest.mark.parametrize("name", ["none", "fake-n5", "ABLE", "a\u0000b"])
    def test_a_model_that_is_not_there(self, http, endpoint, name):
        response = http.post(path(endpoint), json=body(endpoint, model=name))
        error_of(response, 400 if "\0" in name else 404)

    @pytest.mark.parametrize("name", ["", 7, [], {}, True, "m" * 300])
    def test_a_model_that_is_no_name(self, http, endpoint, name):
        error = error_of(http.post(path(endpoint), json=body(endpoint, model=name)), 400)
        assert error["param"] == "model"

    @pytest.mark.parametrize("name", ["api_base", "base_url", "api_key", "headers", "n_predict"])
    def test_where_it_should_go_and_what_would_pass_by_the_cap(self, http, endpoint, name):
        error = error_of(http.post(path(endpoint), json=body(endpoint, **{name: "x"})), 400)
        assert error["param"] == name

    @pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
    def test_what_is_no_number(self, http, endpoint, number):
        sent = json.dumps(body(endpoint, temperature="@")).replace('"@"', number)
        error_of(http.post(path(endpoint), content=sent), 400)

    @pytest.mark.parametrize("sent", [b"", b"{", b"[]", b"null", b'{"model":"able"}', b"\xff"])
    def test_what_is_no_request(self, http, endpoint, sent):
        error_of(http.post(path(endpoint), content=sent), 400)

    def test_what_is_nested_too_deeply(self, http, endpoint):
        deep: list = []
        for _ in range(70):
            deep = [deep]
        error_of(http.post(path(endpoint), json=body(endpoint, extra=deep)), 400)

    def test_streams_where_there_are_none(self, http, endpoint):
        if endpoint in (Endpoint.CHAT, Endpoint.COMPLETIONS):
            assert error_of(http.post(path(endpoint), json=body(endpoint, stream="yes")), 400)
        else:
            error = error_of(http.post(path(endpoint), json=body(endpoint, stream=True)), 400)
            assert (error["param"], error["code"]) == ("stream", "unsupported_value")

    def test_within_a_budget_that_is_used_up(self, http, endpoint):
        set_limits(ApiKey.objects.get(), total_budget=Decimal("0.0000001"))
        response = http.post(path(endpoint), json=body(endpoint))
        if endpoint is Endpoint.IMAGES:
            assert error_of(response, 403)["code"] == "price_unknown"
        else:
            assert error_of(response, 429)["code"] == "insufficient_quota"
