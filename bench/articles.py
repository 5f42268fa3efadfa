"""How long an article takes beside its longest section, and what its versions cost.

    python -m bench.articles

Twelve sections of 250 words are asked for at once; the upstream writes 50 words a second and lets
all twelve write side by side. Measured is from the post to the last section's end on the page's
socket, against the longest of the upstream's own calls. Then the first and the hundredth version
of one section are opened in turns. Prints JSON.
"""

import asyncio
import json
import re
import time
from typing import Any
from urllib.parse import urlencode

from bench.client import Http, Socket
from bench.figures import Goal, median
from bench.house import House, running

SECTIONS, WORDS, VERSIONS = 12, 250, 100
MODEL = f"fake-t200-d20-n{WORDS}"
ARTICLES, ROUNDS = 5, 30
_WRITTEN = re.compile(r"data-written=\W*(\d+)")


def plan_of(house: House) -> dict[str, Any]:
    plan = {"upstream": house.upstream, "model": MODEL, "sections": SECTIONS, "words": WORDS}
    made: dict[str, Any] = house.run("bench.articles_made", {**plan, "versions": VERSIONS})
    return made


def headers_of(made: dict[str, Any]) -> dict[str, str]:
    return {
        "Cookie": f"sessionid={made['session']}; csrftoken={made['csrf']}",
        "X-CSRFToken": made["csrf"],
    }


async def write(house: House, made: dict[str, Any]) -> float:
    """Return the seconds from the post until the page has heard of the last section's end."""
    whole = asyncio.get_running_loop().create_future()

    def heard(text: str, now: float) -> None:
        found = [int(count) for count in _WRITTEN.findall(text)]
        if SECTIONS in found and not whole.done():
            whole.set_result(now)

    socket = await Socket.open(house.base_url)
    socket.on_text = heard
    headers = {**headers_of(made), "Origin": house.base_url}
    await socket.connect(f"/ws/articles/{made['article']}/?since={time.time():.3f}", headers)
    page = await Http.open(house.base_url)
    body = urlencode({"client_id": made["client_id"], "model": made["model"]}).encode()
    sent = {**headers, "HX-Request": "true", "Content-Type": "application/x-www-form-urlencoded"}
    begun = time.monotonic()
    status, answer = await page.ask(
        "POST", f"/generate/articles/{made['article']}/write/", sent, body
    )
    if status != 200:
        raise RuntimeError(f"not asked for: {status} {answer[:200]!r}")
    async with asyncio.timeout(120):
        ended: float = await whole
    for connection in (socket, page):
        connection.transport.close()
    return ended - begun


def articles(house: House) -> dict[str, Any]:
    ratios, totals, longest = [], [], []
    for turn in range(ARTICLES + 1):
        made = plan_of(house)
        house.upstream_calls()
        total = asyncio.run(write(house, made))
        calls = [call for call in house.upstream_calls() if call["tokens"] == WORDS]
        if len(calls) < SECTIONS:
            raise RuntimeError(f"{len(calls)} sections were written")
        if turn == 0:
            continue  # to warm up
        longest.append(max(call["ended_at"] - call["started"] for call in calls[:SECTIONS]))
        totals.append(total)
        ratios.append(total / longest[-1])
    what = "article of 12 sections to its longest section"
    goal = Goal(what, median(ratios), most=1.3, unit="times")
    return {
        "scenario": f"{SECTIONS} sections of {WORDS} words at 50 words a second, all at once",
        "article_s": [round(each, 3) for each in totals],
        "longest_section_s": [round(each, 3) for each in longest],
        "ratios": [round(each, 3) for each in ratios],
        "goals": [goal.json()],
    }


async def look(house: House, made: dict[str, Any], number: int) -> float:
    """Return the seconds that a version's page takes."""
    page = await Http.open(house.base_url)
    started = time.perf_counter()
    path = f"/generate/sections/{made['section']}/versions/?version={number}"
    status, answer = await page.ask("GET", path, headers_of(made))
    taken = time.perf_counter() - started
    if status != 200 or b"difference" not in answer:
        raise RuntimeError(f"the version did not open: {status}")
    page.transport.close()
    return taken


def versions(house: House) -> dict[str, Any]:
    """Open the second version and the last but one in turns: each differs from the current one."""
    made = plan_of(house)
    times: dict[int, list[float]] = {2: [], VERSIONS - 1: []}
    for turn in range(ROUNDS + 1):
        for number, found in times.items():
            taken = asyncio.run(look(house, made, number))
            if turn:
                found.append(taken)
    medians = {number: median(found) for number, found in times.items()}
    ratio = medians[VERSIONS - 1] / medians[2]
    return {
        "scenario": f"one of {VERSIONS} versions of 1,000 words, with what it would change",
        "median_ms": {number: round(each * 1000, 2) for number, each in medians.items()},
        "goals": [Goal("the 99th version to the 2nd", ratio, most=1.2, unit="times").json()],
    }


def main() -> None:
    with running() as house:
        for part in (articles, versions):
            print(json.dumps(part(house)), flush=True)


if __name__ == "__main__":
    main()
