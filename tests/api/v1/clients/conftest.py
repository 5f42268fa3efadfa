"""Programs as their users have them: installed by `make test` into an environment of their own.

Each is a process that knows an address and a key, and prints what it got as JSON.
"""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

HERE = Path(__file__).parent
INSTALLED = Path(settings.BASE_DIR) / ".venv" / "clients"
PYTHON = INSTALLED / "bin" / "python"

Run = Callable[..., subprocess.CompletedProcess[str]]
Ask = Callable[..., Any]


def installed(client: str, *parts: str) -> Path:
    """Return where a client is; fail, and name it, where it is not."""
    found = next(iter(INSTALLED.glob("/".join(parts))), None)
    assert found, f"the client {client} is not installed: run `make .venv/clients/ready`"
    return found


@pytest.fixture
def run(origin, secret, tmp_path) -> Run:
    """Run a command that knows where /v1 is, and nothing else of this machine."""

    def running(*command: Path | str, **environment: str) -> subprocess.CompletedProcess[str]:
        known = {"OPENAI_BASE_URL": f"{origin}/v1", "OPENAI_API_KEY": secret, "HOME": str(tmp_path)}
        return subprocess.run(
            [str(part) for part in command],
            env={**known, "PYTHONUTF8": "1", **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return running


@pytest.fixture
def told(run) -> Ask:
    """Run a command, and return what it printed as JSON."""

    def telling(*command: Path | str, **environment: str) -> Any:
        done = run(*command, **environment)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return telling


def tool_call(name: str, arguments: str) -> str:
    """Return an upstream's whole answer that calls a tool."""
    function = {"name": name, "arguments": arguments}
    call = {"id": "call_1", "type": "function", "function": function}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    return json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1_790_000_000,
            "model": "fake",
            "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 7, "total_tokens": 16},
        }
    )
