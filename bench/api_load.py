"""One load on an OpenAI-compatible endpoint: so many calls, so many at once, kept connections.

    python -m bench.api_load < plan.json

The plan: `url` (what ends in /v1), `key`, `model`, `calls`, `at_once`, `ramp` (seconds over which
the first are sent) and `stream`. A process of its own, so that what it costs is nobody else's.
Prints for each call when it was sent, when its first token and its end came, and the gaps between
its tokens.
"""

import asyncio
import json
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit

import uvloop

from bench.client import INDEX, Http

PATIENCE = 90.0


@dataclass
class Told:
    """What one call's program was told; `wrong` counts lost, repeated and swapped tokens."""

    sent: float = 0.0
    first: float = 0.0
    ended: float = 0.0
    count: int = 0
    wrong: int = 0
    gaps: list[float] = field(default_factory=list)
    error: str = ""
    _last: float = 0.0

    def hear(self, data: bytes, now: float) -> None:
        for number in INDEX.findall(data.decode()):
            self.wrong += int(number) != self.count
            self.count += 1
            self.first = self.first or now
            if self._last:
                self.gaps.append(now - self._last)
            self._last = now


class Program(Http):
    """A connection of a program's; what arrives of an answer is heard at once."""

    told: Told

    def data_received(self, data: bytes) -> None:
        self.told.hear(data, time.monotonic())
        super().data_received(data)


async def _one(program: Program, plan: dict[str, Any], told: Told) -> None:
    body = {
        "model": plan["model"],
        "messages": [{"role": "user", "content": "Please count."}],
        "stream": plan["stream"],
    }
    headers = {"Authorization": f"Bearer {plan['key']}", "Content-Type": "application/json"}
    program.told = told
    told.sent = time.monotonic()
    path = f"{urlsplit(plan['url']).path}/chat/completions"
    status, answer = await program.ask("POST", path, headers, json.dumps(body).encode())
    told.ended = time.monotonic()
    if status != 200:
        told.error = f"HTTP {status}: {answer[:300]!r}"
    elif plan["stream"] and b"data: [DONE]" not in answer:
        told.error = "no [DONE]"


async def _caller(
    number: int, plan: dict[str, Any], todo: Iterator[Told], done: list[Told]
) -> None:
    program = await Program.open(plan["url"])
    await asyncio.sleep(plan["ramp"] * number / plan["at_once"])
    for told in todo:
        done.append(told)
        try:
            async with asyncio.timeout(PATIENCE):
                await _one(program, plan, told)
        except (OSError, TimeoutError) as error:
            told.error = f"{type(error).__name__}: {error}"
            return
    program.transport.close()


async def run(plan: dict[str, Any]) -> dict[str, Any]:
    todo, done = (Told() for _ in range(plan["calls"])), list[Told]()
    began = time.monotonic()
    await asyncio.gather(*(_caller(n, plan, todo, done) for n in range(plan["at_once"])))
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "told": [asdict(told) for told in done],
        "wall_s": time.monotonic() - began,
        "client_cpu_s": used.ru_utime + used.ru_stime,
    }


if __name__ == "__main__":
    json.dump(uvloop.run(run(json.load(sys.stdin))), sys.stdout)
