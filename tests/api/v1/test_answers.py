"""However an answer ends, what its call came to is written, and little of it is kept meanwhile."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from api.v1 import answers
from api.v1.answers import Answer
from providers.tokens import count
from providers.values import Part, Usage, Wire
from usage import metered
from usage.metered import MeteredCall

EVENT = b'data: {"id":"x","choices":[{"index":0,"delta":{"content":"word %d "}}]}\n\n'
WIRE = Wire("/chat/completions", {}, ("Hello?",), max_tokens=100_000, is_stream=True)


@pytest.fixture
def closed(monkeypatch) -> list[tuple[Any, str]]:
    seen: list[tuple[Any, str]] = []
    commit = SimpleNamespace(close=lambda call, outcome: seen.append((call, outcome)))
    monkeypatch.setattr(answers, "group_commit", lambda: commit)
    return seen


@pytest.mark.parametrize("failure", [RuntimeError("broken"), asyncio.CancelledError()])
async def test_a_call_is_closed_where_its_stream_cannot_be(closed, failure):
    async def parts():
        try:
            yield Part(b"", True, "", None)
        finally:
            raise failure

    answer = Answer(caller=None, asked=None, model=None, deployments=[])
    answer._call, answer._parts = call, _ = object(), parts()
    await anext(answer._parts)
    with pytest.raises(type(failure)):
        await answer.close()
    assert closed == [(call, "cancelled")]


def relaying(usage_at: int | None = None) -> MeteredCall:
    """A call whose provider writes 3,000 words, and tells the usage with one of them."""

    class Backend:
        async def relay(self, wire, request_id):
            for number in range(3000):
                usage = Usage(7, 3000) if number == usage_at else None
                yield Part(EVENT % number, True, "", usage)

    record = SimpleNamespace(id="r", held_input_tokens=9, held_output_tokens=10**6)
    spec = SimpleNamespace(name="m", languages="")
    return MeteredCall(record, spec, WIRE, Backend())


def kept(call: MeteredCall) -> int:
    return sum(map(len, call._relayed)) + sum(map(len, call._written))


async def test_of_a_long_stream_only_its_text_is_kept():
    call = relaying()
    body = b"".join([part.data async for part in call.relay()])
    text = "".join(f"word {number} " for number in range(3000))
    assert call._all_written() == text
    assert call.settlement("stop").usage == Usage(9, count(text, call.spec))
    assert kept(call) < len(text) + metered._MOST_KEPT + len(EVENT) < len(body) / 2


async def test_nothing_is_kept_where_the_usage_was_told():
    call = relaying(usage_at=100)
    async for _ in call.relay():
        pass
    assert kept(call) == 0
    assert call.settlement("stop").is_reported
