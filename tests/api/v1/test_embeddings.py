"""`/v1/embeddings`, asked with the official package."""

from decimal import Decimal

import pytest

from accounts.models import ApiKey
from providers.actions import add_model
from providers.models import ModelSpec
from tests.api.v1.test_chat_completions import record
from tests.api.v1.test_refusals import error_of
from usage.limits import set_limits
from usage.models import Limit, UsageRecord

PATH = "/v1/embeddings"


@pytest.fixture
def embedder(provider) -> ModelSpec:
    """As the catalogue knows such models: with no price of output."""
    return add_model(
        provider,
        "embedder",
        public_name="embedder",
        abilities=["embeddings"],
        input_price=Decimal(2),
    )


def test_a_text_is_embedded_in_the_shape_that_the_package_asks_for(client, embedder, fake):
    answer = client.embeddings.create(model="embedder", input="A sentence.")
    assert fake.calls[0].request["encoding_format"] == "base64"
    assert answer.data[0].embedding == [0.125] * 8
    row = record()
    assert (row.input_tokens, row.output_tokens) == (answer.usage.prompt_tokens, 0)
    assert row.held_output_tokens == 0
    assert row.cost == Decimal(2 * row.input_tokens) / 1_000_000
    assert (row.state, row.outcome, row.is_reported) == ("settled", "stop", True)


def test_numbers_and_their_count_may_be_asked_for(client, embedder, fake):
    answer = client.embeddings.create(
        model="embedder", input="a", encoding_format="float", dimensions=3, user="u"
    )
    assert answer.data[0].embedding == [0.125] * 3
    assert fake.calls[0].request["dimensions"] == 3
    assert "max_tokens" not in fake.calls[0].request
    assert "stream" not in fake.calls[0].request


@pytest.mark.parametrize(
    ("given", "count"),
    [("a", 1), (["a"], 1), (["a", "b", "c"], 3), ([1, 2], 1), ([[1, 2], [3]], 2)],
)
def test_the_input_is_one_or_many_texts_or_tokens(client, embedder, fake, given, count):
    answer = client.embeddings.create(model="embedder", input=given)
    assert [each.index for each in answer.data] == list(range(count))
    assert fake.calls[0].request["input"] == given


def test_as_many_as_are_allowed(client, embedder):
    given = ["eine Zeile"] * 2048
    assert len(client.embeddings.create(model="embedder", input=given).data) == 2048


def test_no_price_of_output_is_needed_within_a_budget(client, embedder):
    """Nothing is written: what is read has a price."""
    set_limits(ApiKey.objects.get(), total_budget=Decimal("0.01"))
    client.embeddings.create(model="embedder", input="a sentence that costs something")
    row = record()
    assert Limit.objects.get().total_spent == row.cost > 0
    assert row.held_cost >= row.cost


def test_without_any_price_a_budget_refuses(http, provider, fake):
    add_model(provider, "unpriced", public_name="unpriced", abilities=["embeddings"])
    set_limits(ApiKey.objects.get(), total_budget=Decimal(1))
    error = error_of(http.post(PATH, json={"model": "unpriced", "input": "a"}), 403)
    assert error["code"] == "price_unknown"
    assert not fake.calls


@pytest.mark.parametrize(
    ("given", "param"),
    [
        (None, "input"),
        ("", "input"),
        ([], "input"),
        (["a", ""], "input"),
        (7, "input"),
        (1.5, "input"),
        (True, "input"),
        ({"text": "a"}, "input"),
        (["a", 1], "input"),
        (["a", None], "input"),
        (["a", ["b"]], "input"),
        ([1, "a"], "input"),
        ([1, 2.5], "input"),
        ([1, -2], "input"),
        ([[1], [-2]], "input[1]"),
        ([[1], []], "input[1]"),
        ([[1], [None]], "input[1]"),
        ([[[1]]], "input[0]"),
        ([2**40], "input"),
        (["a"] * 2049, "input"),
        ([{"type": "text", "text": "a"}], "input"),
    ],
)
def test_what_does_not_fit(http, embedder, fake, given, param):
    error = error_of(http.post(PATH, json={"model": "embedder", "input": given}), 400)
    assert error["param"] == param
    assert not fake.calls
    assert not UsageRecord.objects.exists()


def test_messages_that_some_servers_would_embed_are_refused(http, embedder, fake):
    """They could name pictures by an address."""
    asked = {"model": "embedder", "input": "a", "messages": [{"role": "user", "content": "b"}]}
    assert error_of(http.post(PATH, json=asked), 400)["param"] == "messages"
    assert not fake.calls
