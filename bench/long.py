"""A conversation of 2,000 messages beside one with a single page of them, in turns."""

import asyncio
import time
from typing import Any

from bench import reading_along as along
from bench.client import Http
from bench.figures import Goal, median
from bench.house import House

HISTORIES = {"page": 40, "long": 2000}
ROUNDS = 12
MODEL = "fake-t100-d10-n100"


def long_conversation(house: House) -> dict[str, Any]:
    """Open, post and stream in both, `ROUNDS` times; what matters is their ratio."""
    figures: dict[str, dict[str, list[float]]] = {
        name: {"open": [], "post": [], "first": [], "stream": []} for name in HISTORIES
    }
    chats = {
        name: house.run(
            "bench.people",
            {"upstream": house.upstream, "model": MODEL, "people": 1, "history": length},
        )
        for name, length in HISTORIES.items()
    }
    for turn in range(ROUNDS + 1):
        for name in HISTORIES:
            opened = asyncio.run(_open(house, chats[name][0]))
            plan = along.plan_of(house, chats[name], MODEL, 0.0)
            told = along.load(house, {**plan, "way": "house"})[0]
            if turn == 0:
                continue  # to warm up
            figures[name]["open"].append(opened)
            figures[name]["post"].append(told["answered"] - told["posted"])
            figures[name]["first"].append(told["first_after"])
            figures[name]["stream"].append(told["last"] - told["posted"])
    times = {
        name: {what: round(median(values) * 1000, 2) for what, values in found.items()}
        for name, found in figures.items()
    }
    ratios = {what: times["long"][what] / times["page"][what] for what in times["page"]}
    return {
        "scenario": "2,000 messages beside 40",
        "median_ms": times,
        "goals": [
            Goal(f"{what}, 2,000 messages to 40", ratio, most=1.2, unit="times").json()
            for what, ratio in ratios.items()
        ],
    }


async def _open(house: House, chat: dict[str, Any]) -> float:
    """Return the seconds that the page's HTML takes."""
    page = await Http.open(house.base_url)
    headers = {"Cookie": f"sessionid={chat['session']}; csrftoken={chat['csrf']}"}
    started = time.perf_counter()
    status, answer = await page.ask("GET", f"/c/{chat['conversation']}/", headers)
    taken = time.perf_counter() - started
    if status != 200 or b'id="messages"' not in answer:
        raise RuntimeError(f"the page did not open: {status}")
    page.transport.close()
    return taken
