"""One load: many chats at once, through the house or straight to its upstream.

    python -m bench.load < plan.json

A process of its own, so that what it costs is nobody else's. It prints, for each chat, when it
was posted and what arrived when; `bench.chat` makes figures of that.
"""

import asyncio
import json
import re
import resource
import sys
import time
import uuid
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlencode

import uvloop

from bench.client import INDEX, Direct, Http, Socket

PATIENCE = 90.0
_END = re.compile(r'message--assistant\\" data-state=\\"(done|stopped|interrupted|failed)')


@dataclass
class Told:
    """What one chat's reader was told. `frames` holds (when, newest index, bytes)."""

    chat: int
    question: str
    posted: float = 0.0
    answered: float = 0.0  # the response to the POST was whole
    first: float = 0.0
    last: float = 0.0
    count: int = 0  # indexes that arrived, each once and in order
    wrong: int = 0  # messages with a lost, repeated or swapped index
    frames: list[tuple[float, int, int]] = field(default_factory=list)
    bytes: int = 0
    error: str = ""

    def hear(self, text: str, now: float, *, appends: bool) -> None:
        """Take in a piece of the stream: new indexes, or a block shown anew that ends in them."""
        found = [int(number) for number in INDEX.findall(text)]
        if not found:
            return
        fresh = [number for number in found if number >= self.count]
        begins = self.count if appends else min(found[0], self.count)
        if found != list(range(begins, begins + len(found))):
            self.wrong += 1
        if not fresh:
            return
        self.count = fresh[-1] + 1
        self.first = self.first or now
        self.last = now
        self.frames.append((now, fresh[-1], len(text)))


async def through_house(plan: dict[str, Any], chat: dict[str, Any], told: Told) -> None:
    """Post one message as the page does and read the answer from the page's socket."""
    cookies = f"sessionid={chat['session']}; csrftoken={chat['csrf']}"
    common = {"Cookie": cookies, "Origin": plan["base_url"]}
    finished = asyncio.get_running_loop().create_future()

    def hear(message: str, now: float) -> None:
        told.bytes += len(message)
        told.hear(message, now, appends='"swap":"beforeend"' in message)
        end = _END.search(message)
        if end is not None and not finished.done():
            finished.set_result(end[1])

    socket = await Socket.open(plan["base_url"])
    socket.on_text = hear
    page = await Http.open(plan["base_url"])
    await socket.connect(f"/ws/conversations/{chat['conversation']}/?since={time.time()}", common)
    await gate(plan, told.chat)
    form = {"text": told.question, "client_id": str(uuid.uuid4()), "model": chat["model"]}
    headers = {
        **common,
        "HX-Request": "true",
        "HX-Current-URL": f"{plan['base_url']}/c/{chat['conversation']}/",
        "X-CSRFToken": chat["csrf"],
        "Content-Type": "application/x-www-form-urlencoded",
    }
    told.posted = time.monotonic()
    path = f"/c/{chat['conversation']}/send/"
    status, answer = await page.ask("POST", path, headers, urlencode(form).encode())
    told.answered = time.monotonic()
    told.bytes += len(answer)
    if status != 200:
        told.error = f"HTTP {status}: {answer[:200]!r}"
        return
    state = await finished
    if state != "done" or told.count != plan["expect"]:
        told.error = f"{state} after {told.count} tokens"
    socket.transport.close()
    page.transport.close()


async def directly(plan: dict[str, Any], chat: dict[str, Any], told: Told) -> None:
    """Ask the upstream itself."""
    stream = await Direct.open(plan["upstream"])

    def hear(text: str, now: float) -> None:
        told.bytes += len(text)
        told.hear(text, now, appends=True)

    stream.on_text = hear
    await gate(plan, told.chat)
    told.posted = told.answered = time.monotonic()
    await stream.stream("/v1/chat/completions", plan["model"], told.question)
    stream.transport.close()


_opened = 0
_gate: asyncio.Event


async def gate(plan: dict[str, Any], number: int) -> None:
    """Wait until all have opened their pages, then for this one's turn within the ramp."""
    global _opened
    _opened += 1
    if _opened == len(plan["chats"]):
        _gate.set()
    await _gate.wait()
    await asyncio.sleep(plan["settle"] + plan["ramp"] * number / len(plan["chats"]))


async def run(plan: dict[str, Any]) -> dict[str, Any]:
    global _gate
    _gate = asyncio.Event()
    way = through_house if plan["way"] == "house" else directly
    all_told = [Told(number, chat["question"]) for number, chat in enumerate(plan["chats"])]

    async def one(chat: dict[str, Any], told: Told) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await way(plan, chat, told)
        except (OSError, TimeoutError) as error:
            told.error = f"{type(error).__name__} after {told.count} tokens: {error}"

    started = time.monotonic()
    await asyncio.gather(*(one(c, t) for c, t in zip(plan["chats"], all_told, strict=True)))
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "told": [asdict(told) for told in all_told],
        "wall_s": time.monotonic() - started,
        "client_cpu_s": used.ru_utime + used.ru_stime,
    }


if __name__ == "__main__":
    json.dump(uvloop.run(run(json.load(sys.stdin))), sys.stdout)
