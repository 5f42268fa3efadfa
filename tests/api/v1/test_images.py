"""`/v1/images/generations`, asked with the official package."""

import base64
from decimal import Decimal

import pytest

from accounts.models import ApiKey, Team
from providers.actions import add_model
from providers.models import ModelSpec
from tests.api.v1.test_chat_completions import record
from tests.api.v1.test_refusals import error_of
from tests.fake_backend.replies import PNG
from usage.limits import set_limits
from usage.models import UsageRecord

PATH = "/v1/images/generations"


@pytest.fixture
def painter(provider) -> ModelSpec:
    return add_model(
        provider,
        "gpt-image-9",
        public_name="painter",
        abilities=["images"],
        input_price=Decimal(5),
        output_price=Decimal(40),
    )


def test_pictures_that_count_their_tokens_are_paid_by_them(client, painter, fake):
    answer = client.images.generate(
        model="painter", prompt="a cat", n=2, size="1024x1024", quality="low", background="opaque"
    )
    assert [base64.b64decode(each.b64_json) for each in answer.data] == [PNG, PNG]
    request = fake.calls[0].request
    assert (request["n"], request["size"], request["quality"]) == (2, "1024x1024", "low")
    assert not {"max_tokens", "stream"} & request.keys()
    row = record()
    assert (row.state, row.outcome, row.is_reported) == ("settled", "stop", True)
    assert (row.input_tokens, row.output_tokens) == (answer.usage.input_tokens, 200)
    assert row.cost == (row.input_tokens * 5 + 200 * Decimal(40)) / 1_000_000


def test_what_pictures_without_a_count_cost_is_not_made_up(client, provider):
    prices = {"input_price": Decimal(5), "output_price": Decimal(40)}
    add_model(provider, "dall-e-9", public_name="old", abilities=["images"], **prices)
    answer = client.images.generate(model="old", prompt="a cat", response_format="url")
    assert answer.data[0].url.startswith("https://pictures.example.test/")
    row = record()
    assert (row.state, row.is_reported, row.cost, row.output_tokens) == ("settled", False, None, 0)


def test_the_model_need_not_be_named(client, provider, model, painter, fake):
    client.images.generate(prompt="a cat")
    assert fake.calls[0].model == "gpt-image-9"


def test_without_a_model_that_draws_one_has_to_be_named(http, model, fake):
    assert error_of(http.post(PATH, json={"prompt": "a cat"}), 400)["param"] == "model"
    assert not fake.calls


@pytest.mark.parametrize("whose", ["key", "person", "team", "model"])
def test_within_a_budget_no_picture_is_drawn(http, painter, fake, owner, whose):
    """Nobody knows beforehand what it costs."""
    team = Team.objects.create(name="Painters")
    team.members.add(owner)
    subject = {"key": ApiKey.objects.get(), "person": owner, "team": team, "model": painter}[whose]
    set_limits(subject, month_budget=Decimal(1000))
    error = error_of(http.post(PATH, json={"model": "painter", "prompt": "a cat"}), 403)
    assert (error["code"], error["type"]) == ("price_unknown", "invalid_request_error")
    assert not fake.calls
    assert not UsageRecord.objects.exists()


def test_limits_that_are_not_of_money_let_it_pass(client, painter):
    set_limits(ApiKey.objects.get(), requests_per_minute=5, tokens_per_minute=5000, max_streams=1)
    client.images.generate(model="painter", prompt="a cat")
    assert record().state == "settled"


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"prompt": None}, "prompt"),
        ({"prompt": ""}, "prompt"),
        ({"prompt": 7}, "prompt"),
        ({"prompt": ["a", "b"]}, "prompt"),
        ({"prompt": {"text": "a"}}, "prompt"),
        ({"n": 0}, "n"),
        ({"n": -1}, "n"),
        ({"n": 11}, "n"),
        ({"n": 1.5}, "n"),
        ({"n": "2"}, "n"),
        ({"stream": True}, "stream"),
        ({"image": "http://127.0.0.1:5432/"}, "image"),
        ({"images": [{"url": "http://[::ffff:127.0.0.1]/"}]}, "images"),
        ({"webhook": "https://example.test/"}, "webhook"),
    ],
)
def test_what_does_not_fit(http, painter, fake, changes, param):
    asked = {"model": "painter", "prompt": "a cat at https://example.test/"} | changes
    assert error_of(http.post(PATH, json=asked), 400)["param"] == param
    assert not fake.calls
    assert not UsageRecord.objects.exists()
