"""What a program says to use a key: examples to copy. They name the secret, and do not hold it."""

import json
import shlex
from dataclasses import dataclass

from django.conf import settings

from accounts.models import ApiKey
from accounts.models.api_key import Endpoint
from providers.models import Ability, ModelSpec


@dataclass(frozen=True)
class Samples:
    """The address of the API, and the same call from a shell and from Python."""

    base_url: str
    curl: str
    python: str


def samples_for(key: ApiKey) -> Samples:
    """Return a first call that `key` can make: a chat where it can, else the list of models."""
    url = f"{settings.PUBLIC_URL}/v1"
    chats = ModelSpec.objects.open_to(key).able_to(Ability.CHAT)
    name = chats.values_list("public_name", flat=True).first()
    if name is None or not key.opens(Endpoint.CHAT):
        return Samples(url, _curl(f"{url}/models"), _python(url, _LIST))
    messages = [{"role": "user", "content": "Hello"}]
    body = _json({"model": name, "messages": messages})
    sent = f" \\\n  -H 'Content-Type: application/json' \\\n  -d {shlex.quote(body)}"
    chat = _CHAT % (_json(name), _json(messages))  # texts alone: JSON says them as Python does
    return Samples(url, _curl(f"{url}/chat/completions") + sent, _python(url, chat))


_LIST = """for model in client.models.list():
    print(model.id)"""
_CHAT = """answer = client.chat.completions.create(
    model=%s,
    messages=%s,
)
print(answer.choices[0].message.content)"""


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _curl(url: str) -> str:
    return f'curl {shlex.quote(url)} \\\n  -H "Authorization: Bearer $OPENAI_API_KEY"'


def _python(url: str, call: str) -> str:
    return f"from openai import OpenAI\n\nclient = OpenAI(base_url={_json(url)})\n{call}"
