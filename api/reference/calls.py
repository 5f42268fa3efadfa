"""Calls to copy, of an endpoint: from a shell, from Python and from JavaScript.

They name the secret's environment variable, as the official packages do, and never hold a secret.
"""

import json
import shlex
from dataclasses import dataclass
from typing import Any

from accounts.models import Endpoint
from api.reference.operations import Operation

# What is printed of an answer.
_SHOWN = {
    Endpoint.CHAT: "answer.choices[0].message.content",
    Endpoint.COMPLETIONS: "answer.choices[0].text",
    Endpoint.EMBEDDINGS: "answer.data[0].embedding",
    Endpoint.IMAGES: "answer.data[0]",
    Endpoint.MODERATIONS: "answer.results[0].flagged",
}


@dataclass(frozen=True)
class Call:
    """One call, in the language that `name` names as it is called everywhere."""

    name: str
    text: str


def calls_of(operation: Operation, base_url: str, model: str) -> list[Call]:
    """Return the calls of an endpoint; `model` stands where its example names one."""
    given = {**operation.example, "model": model} if "model" in operation.example else {}
    body = given or operation.example
    return [
        Call("curl", _curl(operation, base_url, body)),
        Call("Python", _python(operation, base_url, body)),
        Call("JavaScript", _javascript(operation, base_url, body)),
    ]


def _curl(operation: Operation, base_url: str, body: dict[str, Any]) -> str:
    url = shlex.quote(base_url + operation.path)
    call = f'curl {url} \\\n  -H "Authorization: Bearer $OPENAI_API_KEY"'
    if not body:
        return call
    return f"{call} \\\n  -H 'Content-Type: application/json' \\\n  -d {shlex.quote(_json(body))}"


def _python(operation: Operation, base_url: str, body: dict[str, Any]) -> str:
    begin = f"from openai import OpenAI\n\nclient = OpenAI(base_url={_json(base_url)})\n"
    if not body:
        return f"{begin}for model in client.{operation.call}():\n    print(model.id)"
    # Texts alone: JSON says them as Python does.
    given = "".join(f"    {name}={_json(value)},\n" for name, value in body.items())
    shown = _SHOWN[operation.endpoint]
    return f"{begin}answer = client.{operation.call}(\n{given})\nprint({shown})"


def _javascript(operation: Operation, base_url: str, body: dict[str, Any]) -> str:
    options = f"{{ baseURL: {_json(base_url)} }}"
    begin = f'import OpenAI from "openai";\n\nconst client = new OpenAI({options});\n'
    if not body:
        return f"{begin}for await (const model of client.{operation.call}()) console.log(model.id);"
    given = "".join(f"  {name}: {_json(value)},\n" for name, value in body.items())
    shown = _SHOWN[operation.endpoint]
    call = f"const answer = await client.{operation.call}({{\n{given}}});"
    return f"{begin}{call}\nconsole.log({shown});"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
