"""Simon Willison's `llm`, as its users name a server of their own in its configuration."""

import json

import pytest

from providers.actions import add_model
from tests.api.v1.clients.conftest import Run, installed
from tests.api.v1.test_chat_completions import record

TEXT = "".join(f"w{n} " for n in range(20)).strip()
NAMED = """
- model_id: house
  model_name: {model}
  api_base: {origin}/v1
  api_key_name: house
  supports_tools: true
  supports_schema: true
"""


@pytest.fixture
def llm(run, origin, secret, tmp_path) -> Run:
    command = installed("llm", "bin", "llm")

    def asking(*arguments: str, model: str = "house-model"):
        named = NAMED.format(model=model, origin=origin)
        (tmp_path / "extra-openai-models.yaml").write_text(named)
        (tmp_path / "keys.json").write_text(json.dumps({"house": secret}))
        return run(command, *arguments, LLM_USER_PATH=str(tmp_path))

    return asking


def test_a_stream(llm, model, fake):
    done = llm("-m", "house", "hello")
    assert (done.returncode, done.stdout.strip()) == (0, TEXT), done.stderr
    assert fake.calls[0].stream
    assert record().outcome == "stop"


def test_a_whole_answer(llm, model, fake):
    done = llm("-m", "house", "--no-stream", "--system", "Be brief.", "hello")
    assert (done.returncode, done.stdout.strip()) == (0, TEXT), done.stderr
    assert not fake.calls[0].stream
    assert [each["role"] for each in fake.calls[0].messages] == ["system", "user"]


def test_an_answer_of_a_shape(llm, model, fake):
    fake.queue(pieces=['{"name": "Uster", ', '"people": 36000}'])
    done = llm("-m", "house", "--schema", "name, people int", "A town")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"name": "Uster", "people": 36000}
    assert fake.calls[0].request["response_format"]["type"] == "json_schema"


def test_a_conversation_goes_on(llm, model, fake):
    assert llm("-m", "house", "hello").returncode == 0
    assert llm("-c", "and then?").returncode == 0
    roles = [each["role"] for each in fake.calls[1].messages]
    assert roles == ["user", "assistant", "user"]


def test_what_is_refused_is_told(llm, provider, model):
    done = llm("-m", "house", "hello", model="none")
    assert done.returncode != 0
    assert "does not exist or you do not have access to it" in done.stderr
    add_model(provider, "fake-e429", public_name="busy")
    done = llm("-m", "house", "hello", model="busy")
    assert done.returncode != 0
    assert "429" in done.stderr
