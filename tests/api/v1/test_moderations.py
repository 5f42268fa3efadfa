"""`/v1/moderations`, asked with the official package."""

from decimal import Decimal

import pytest

from providers.actions import add_model
from providers.models import ModelSpec
from tests.api.v1.test_chat_completions import record
from tests.api.v1.test_refusals import error_of
from usage.models import UsageRecord

PATH = "/v1/moderations"
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}


@pytest.fixture
def judge(provider) -> ModelSpec:
    return add_model(
        provider,
        "omni-moderation-9",
        public_name="judge",
        abilities=["moderation"],
        input_price=Decimal(0),
        output_price=Decimal(0),
        context_window=32_000,
    )


def test_texts_are_judged(client, judge, fake):
    answer = client.moderations.create(model="judge", input=["a cat", "I kill you"])
    assert [each.flagged for each in answer.results] == [False, True]
    row = record()
    assert (row.state, row.outcome, row.cost) == ("settled", "stop", 0)
    assert (row.is_reported, row.output_tokens) == (False, 0)
    assert 0 < row.input_tokens <= row.held_input_tokens < 60


def test_the_model_need_not_be_named(client, provider, model, judge, fake):
    assert client.moderations.create(input="a cat").results[0].flagged is False
    assert fake.calls[0].model == "omni-moderation-9"
    assert record().model == judge


def test_pictures_are_judged_with_their_texts(client, judge, fake):
    given = [{"type": "text", "text": "a cat at https://example.test/"}, PICTURE]
    assert len(client.moderations.create(model="judge", input=given).results) == 1
    assert fake.calls[0].request["input"] == given
    assert record().held_input_tokens == 32_000


@pytest.mark.parametrize(
    ("given", "param"),
    [
        (None, "input"),
        (7, "input"),
        ({}, "input"),
        ([], "input"),
        (["a"] * 2049, "input"),
        (["a", 7], "input[0]"),
        ([7], "input[0]"),
        ([["a"]], "input[0]"),
        ([PICTURE, "a"], "input[1]"),
        ([{"text": "a"}], "input[0]"),
        ([{"type": "text"}], "input[0].text"),
        ([{"type": "text", "text": ["a"]}], "input[0].text"),
        ([{"type": "image_url"}, {"type": 7}], "input[1]"),
        ([{"type": "image_url", "image_url": {}}], "input[0].image_url"),
        ([{"type": "image_url", "image_url": {"url": 7}}], "input[0].image_url"),
        ([{"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}], "input[0].image_url"),
    ],
)
def test_what_does_not_fit(http, judge, fake, given, param):
    error = error_of(http.post(PATH, json={"model": "judge", "input": given}), 400)
    assert error["param"] == param
    assert not fake.calls
    assert not UsageRecord.objects.exists()


@pytest.mark.parametrize(
    "url", ["https://example.test/a.png", "http://127.0.0.1:6379/", "HTTP://x"]
)
def test_a_picture_s_address_is_fetched_by_nobody(http, judge, fake, url):
    given = [{"type": "image_url", "image_url": {"url": url}}]
    error = error_of(http.post(PATH, json={"model": "judge", "input": given}), 400)
    assert error["code"] == "invalid_image_url"
    assert not fake.calls
