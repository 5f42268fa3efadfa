"""LangChain's `ChatOpenAI`."""

import pytest

from providers.actions import add_model
from providers.models import Ability
from tests.api.v1.clients.conftest import HERE, PYTHON, Ask, installed, tool_call
from tests.api.v1.test_chat_completions import record

TEXT = "".join(f"w{n} " for n in range(20))


@pytest.fixture
def langchain(told) -> Ask:
    installed("LangChain", "lib", "python3*", "site-packages", "langchain_openai")

    def asking(case: str, model: str = "house-model"):
        return told(PYTHON, HERE / "ask_langchain.py", case, model)

    return asking


def test_a_whole_answer(langchain, model):
    assert langchain("whole") == {"text": TEXT, "finish": "stop", "tokens": 20}
    assert record().outcome == "stop"


def test_a_stream(langchain, model):
    assert langchain("streamed") == {"text": TEXT, "tokens": 20}


def test_tools(langchain, model, fake):
    fake.queue(raw=[tool_call("weather", '{"town":"Uster"}')])
    assert langchain("tools") == {"name": "weather", "args": {"town": "Uster"}}
    assert fake.calls[0].request["tools"][0]["function"]["name"] == "weather"


def test_an_answer_of_a_shape(langchain, model, fake):
    fake.queue(pieces=['{"name": "Uster", ', '"people": 36000}'])
    assert langchain("structured") == {"name": "Uster", "people": 36000}
    assert fake.calls[0].request["response_format"]["type"] == "json_schema"


def test_embeddings(langchain, provider):
    add_model(provider, "reader", public_name="reader", abilities=[Ability.EMBEDDINGS])
    first, second = langchain("embedded", "reader")
    assert len(first) == len(second) > 0
    assert record().door == "api"


def test_an_unknown_model_is_not_found(langchain, model):
    assert langchain("refused", "none") == {"code": "model_not_found"}
