import pytest

from providers import errors
from providers.values import Delta, Prompt, Turn, Usage
from tests.fake_backend import FakeBackend
from tests.providers.conftest import HELLO, backend


async def complete(called, prompt: Prompt = HELLO) -> Delta:
    return await called.complete(prompt, request_id="title-1")


async def test_the_whole_answer(fake: FakeBackend):
    fake.queue(pieces=["A ", "title"], usage={"prompt_tokens": 9, "completion_tokens": 2})
    assert await complete(backend(fake)) == Delta("A title", "stop", Usage(9, 2))
    (call,) = fake.calls
    assert (call.stream, call.request_id) == (False, "title-1")
    assert "stream_options" not in call.request


async def test_a_capped_answer(fake: FakeBackend):
    answer = await complete(backend(fake, "fake-n50"), Prompt((Turn("user", "x"),), max_tokens=3))
    assert (answer.text, answer.finish_reason) == ("w0 w1 w2 ", "length")


async def test_what_cannot_be_stored_is_replaced(fake: FakeBackend):
    fake.queue(
        raw=[r'{"choices":[{"message":{"content":"a\u0000\ud83d"},"finish_reason":"stop"}]}']
    )
    assert (await complete(backend(fake))).text == "a\ufffd\ufffd"


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html>hello</html>",
        "[]",
        "{}",
        '{"choices": []}',
        '{"choices": "x"}',
        '{"choices": [null]}',
        '{"choices": [{"message": null, "finish_reason": "stop"}]}',
        '{"choices": [{"message": {"content": 5}, "finish_reason": "stop"}]}',
        '{"choices": [{"mess',
    ],
)
async def test_what_is_no_answer(fake: FakeBackend, body: str):
    fake.queue(raw=[body])
    with pytest.raises(errors.BadResponse):
        await complete(backend(fake))


async def test_an_answer_without_a_reason_is_not_whole(fake: FakeBackend):
    fake.queue(pieces=["half"], finish=None)
    with pytest.raises(errors.StreamCut):
        await complete(backend(fake))


async def test_a_cut_body(fake: FakeBackend):
    with pytest.raises(errors.StreamCut):
        await complete(backend(fake, "fake-n50-cut5"))


async def test_an_error_that_calls_itself_ok(fake: FakeBackend):
    fake.queue(raw=['{"error": {"message": "no", "code": "insufficient_quota"}}'])
    with pytest.raises(errors.QuotaExceeded):
        await complete(backend(fake))
