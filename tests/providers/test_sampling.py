"""What a prompt may leave to the server: sent where it is said, left out where it is refused."""

import asyncio
from dataclasses import replace

import pytest

from providers.backends.dialect import Dialect
from providers.values import Prompt, Turn
from tests.fake_backend import FakeBackend
from tests.providers.conftest import HELLO, backend, read, text

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
ALL = replace(
    HELLO,
    temperature=0.5,
    top_p=0.9,
    seed=7,
    presence_penalty=0.1,
    frequency_penalty=-0.2,
    stop=("END",),
)
ONCE_UPON = Prompt((Turn("user", "Once upon"),), max_tokens=9, completes=True, stop=("END",))


def refused(fake: FakeBackend, message: str, **more: float) -> None:
    error = {"message": message, "code": "unsupported_value"}
    fake.queue(status=400, body={"error": error}, **more)


async def test_what_is_said_is_sent_and_nothing_else(fake: FakeBackend):
    await read(backend(fake, "fake-n1-all"), ALL)
    await read(backend(fake, "fake-n1-all"), HELLO)
    said, unsaid = (call.request for call in fake.calls)
    names = ("temperature", "top_p", "seed", "presence_penalty", "frequency_penalty")
    assert [said[name] for name in names] == [0.5, 0.9, 7, 0.1, -0.2]
    assert not unsaid.keys() & {*names, "response_format"}


@pytest.mark.parametrize(
    "name", ["temperature", "top_p", "seed", "presence_penalty", "frequency_penalty", "stop"]
)
async def test_what_a_model_refuses_is_left_out_from_then_on(fake: FakeBackend, name: str):
    refused(fake, f"Unsupported value: '{name}' is not supported with this model.")
    called = backend(fake, f"fake-n2-{name.replace('_', '')}")
    assert text(await read(called, ALL)) == "w0 w1 "
    await read(called, ALL)
    assert [name in call.request for call in fake.calls] == [True, False, False]


async def test_a_model_that_refuses_one_after_the_other_is_answered_by_in_the_end(
    fake: FakeBackend,
):
    for name in ("temperature", "top_p", "presence_penalty", "frequency_penalty"):
        refused(fake, f"'{name}' is not supported with this model")
    called = backend(fake, "fake-n2-reasoning")
    assert text(await read(called, ALL)) == "w0 w1 "
    assert len(fake.calls) == 5
    assert fake.calls[-1].request["seed"] == 7


async def test_a_word_for_both_penalties_is_understood(fake: FakeBackend):
    refused(fake, "Penalty is not enabled for models/fake")
    await read(backend(fake, "fake-n2-penalty"), ALL)
    assert not fake.calls[-1].request.keys() & {"presence_penalty", "frequency_penalty"}
    assert fake.calls[-1].request["temperature"] == 0.5


@pytest.mark.parametrize(
    "message",
    [
        "temperature: range: 0..1",
        "Invalid 'temperature': decimal above maximum value. Expected a value <= 1",
        "[temperature] Input should be less than or equal to 1.5",
        "`temperature` must be strictly positive",
        "temperature must be in (0, 1], got 1.7",
    ],
    ids=["range", "maximum", "less", "positive", "in"],
)
async def test_a_value_that_is_refused_leaves_others_alone(fake: FakeBackend, message: str):
    refused(fake, message)
    called = backend(fake, f"fake-n2-value{len(message)}")
    high = replace(HELLO, temperature=1.7)
    assert text(await read(called, high)) == "w0 w1 "
    await read(called, high)
    await read(called, ALL)
    sent = [call.request.get("temperature") for call in fake.calls]
    assert sent == [1.7, None, None, 0.5]


async def test_of_two_that_do_not_go_together_the_first_is_sent(fake: FakeBackend):
    refused(fake, "`temperature` and `top_p` cannot both be specified for this model")
    await read(backend(fake, "fake-n2-pair"), ALL)
    assert fake.calls[-1].request["temperature"] == 0.5
    assert "top_p" not in fake.calls[-1].request


async def test_one_that_refuses_for_ever_is_not_asked_for_ever(fake: FakeBackend):
    for _ in range(9):
        refused(fake, "temperature and top_p are not supported")
    with pytest.raises(Exception, match="bad_request"):
        await read(backend(fake, "fake-n2-never-content"), ALL)
    assert len(fake.calls) == 2


async def test_a_schema_is_sent_as_a_response_format(fake: FakeBackend):
    await read(backend(fake, "fake-n1-schema"), replace(HELLO, schema=SCHEMA))
    assert fake.calls[0].request["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True},
    }


async def test_a_server_without_schemas_is_asked_for_json_and_then_for_text(fake: FakeBackend):
    refused(fake, "response_format json_schema is not supported")
    refused(fake, "response_format is not supported")
    called, prompt = backend(fake, "fake-n2-noschema"), replace(HELLO, schema=SCHEMA)
    assert text(await read(called, prompt)) == "w0 w1 "
    await read(called, prompt)
    formats = [call.request.get("response_format", {}).get("type") for call in fake.calls]
    assert formats == ["json_schema", "json_object", None, None]


async def test_what_several_are_refused_at_once_is_learnt_once():
    dialect = Dialect("host.example")
    asked = [dialect.body("m", replace(HELLO, schema=SCHEMA), stream=True) for _ in range(3)]
    assert all(dialect.learn("response_format is not supported", body) for body in asked)
    again = dialect.body("m", replace(HELLO, schema=SCHEMA), stream=True)
    assert again["response_format"] == {"type": "json_object"}


@pytest.mark.parametrize(
    ("message", "asks"),
    [
        ("response_format json_schema is not supported", replace(HELLO, schema=SCHEMA)),
        ("use 'max_completion_tokens' instead", HELLO),
        ("temperature is not supported", ALL),
        ("stream_options is not supported", HELLO),
    ],
    ids=["schema", "cap", "temperature", "options"],
)
async def test_many_that_are_refused_at_once_are_all_answered(
    fake: FakeBackend, message: str, asks: Prompt
):
    for _ in range(5):
        refused(fake, message, slow_headers_ms=300)  # until all were sent
    called = backend(fake, f"fake-n2-atonce{len(message)}")
    answers = await asyncio.gather(*(read(called, asks) for _ in range(5)))
    assert [text(deltas) for deltas in answers] == ["w0 w1 "] * 5
    assert len(fake.calls) == 10


async def test_a_completion_that_is_refused_for_its_cap_is_not_asked_for_ever(fake: FakeBackend):
    for _ in range(5):
        refused(fake, "use 'max_completion_tokens' instead")
    with pytest.raises(Exception, match="bad_request"):
        await read(backend(fake, "fake-completes-cap"), ONCE_UPON)
    assert len(fake.calls) == 1


@pytest.mark.parametrize("stream", [True, False])
async def test_a_text_is_gone_on_with(fake: FakeBackend, stream: bool):
    fake.queue(pieces=[" a ", "time"])
    called = backend(fake, "fake-completes")
    if stream:
        assert text(await read(called, ONCE_UPON)) == " a time"
    else:
        delta = await called.complete(ONCE_UPON, request_id="x")
        assert (delta.text, delta.finish_reason) == (" a time", "stop")
    (call,) = fake.calls
    assert call.path == "/v1/completions"
    assert call.request["prompt"] == "Once upon"
    assert call.request["max_tokens"] == 9
    assert call.request["stop"] == ["END"]
    assert "messages" not in call.request


async def test_its_usage_and_its_end_arrive_too(fake: FakeBackend):
    deltas = await read(backend(fake, "fake-n3-usage"), ONCE_UPON)
    assert [delta.finish_reason for delta in deltas if delta.finish_reason] == ["stop"]
    assert [delta.usage.output_tokens for delta in deltas if delta.usage] == [3]
