"""What reading a model's stream costs: the SDK as it comes, and `providers.backends.openai`.

    python -m bench.reading [--streams 100] [--tokens 300] [--delay 20]

Each way runs in a process of its own on uvloop, against the project's fake backend in a third
process: paced streams, all at once, after one to warm up. Counted is the reader's CPU time (user
and system) for 1,000 tokens; every token must arrive once and in order. Prints JSON.
"""

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import time
import uuid
from typing import Any

from bench.figures import Goal

GOAL = 0.045  # CPU seconds for 1,000 tokens at 100 paced streams


async def with_sdk(base_url: str, model: str) -> str:
    """Read as the SDK's documentation shows."""
    import openai

    client = _shared.setdefault(
        "sdk", openai.AsyncOpenAI(api_key="k", base_url=base_url, max_retries=0, timeout=60)
    )
    stream = await client.chat.completions.create(
        model=model,
        messages=[{"role": "user", "content": "hello"}],
        max_tokens=100_000,
        stream=True,
        stream_options={"include_usage": True},
    )
    return "".join(
        [
            chunk.choices[0].delta.content or ""
            async for chunk in stream
            if chunk.choices and chunk.choices[0].delta
        ]
    )


async def with_backend(base_url: str, model: str) -> str:
    """Read as the engine does."""
    from providers.backends.clients import Target
    from providers.backends.deadlines import Deadlines
    from providers.backends.openai import OpenAIBackend
    from providers.values import Prompt, Turn

    target = Target(uuid.UUID(int=1), base_url, "k", allow_private=True)
    backend = OpenAIBackend(target, model, Deadlines(60, 60, 600))
    prompt = Prompt((Turn("user", "hello"),), max_tokens=100_000)
    stream = backend.stream(prompt, request_id=str(uuid.uuid4()))
    return "".join([delta.text async for delta in stream])


async def close() -> None:
    from providers.backends.clients import close_clients

    await close_clients()
    for client in _shared.values():
        await client.close()


WAYS = {"sdk": with_sdk, "ours": with_backend}
_shared: dict[str, Any] = {}


async def measure(way: str, base_url: str, streams: int, tokens: int, delay: int) -> dict[str, Any]:
    read = WAYS[way]
    await read(base_url, "fake-n5")
    model = f"fake-t200-d{delay}-n{tokens}"
    expected = "".join(f"w{number} " for number in range(tokens))
    before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    texts = await asyncio.gather(*(read(base_url, model) for _ in range(streams)))
    after, wall = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter() - started
    await close()
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    cost = round(used / (streams * tokens) * 1000, 4)
    in_order = all(text == expected for text in texts)
    goals = [Goal("CPU for 1,000 tokens read", cost, most=GOAL, unit="s").json()]
    return {
        "scenario": f"{streams} streams read by {way}",
        "goals": goals if way == "ours" else [],
        "way": way,
        "streams": streams,
        "cpu_s_per_1000_tokens": cost,
        "wall_s": round(wall, 2),
        "paced_s": (200 + delay * (tokens - 1)) / 1000,
        "all_tokens_in_order": in_order,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=100)
    parser.add_argument("--tokens", type=int, default=300)
    parser.add_argument("--delay", type=int, default=20, help="milliseconds between two tokens")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--base-url", help=argparse.SUPPRESS)
    given = parser.parse_args()
    sizes = (given.streams, given.tokens, given.delay)
    if given.way:
        import django
        import uvloop

        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        django.setup()
        print(json.dumps(uvloop.run(measure(given.way, given.base_url, *sizes))))
        return
    upstream = subprocess.Popen(
        [sys.executable, "-m", "tests.fake_backend"], stdout=subprocess.PIPE, text=True
    )
    try:
        base_url = (upstream.stdout or sys.stdin).readline().strip()
        for way in WAYS:
            options = ["--way", way, "--base-url", base_url, "--streams", str(given.streams)]
            options += ["--tokens", str(given.tokens), "--delay", str(given.delay)]
            subprocess.run([sys.executable, "-m", "bench.reading", *options], check=True)
    finally:
        upstream.terminate()
        upstream.wait()


if __name__ == "__main__":
    main()
