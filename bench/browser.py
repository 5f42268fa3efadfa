"""The pages in Chromium: first visible token, long answers, the cold page.

    python -m bench.browser [--chromium PATH]

Prints one JSON object a scenario. How each figure is made is in README.md.
"""

import argparse
import json
import os
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from bench import reading_along as along
from bench.figures import Goal, median
from bench.house import House, running
from bench.wire import Wire

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync", "--no-first-run"]
PROBE = (Path(__file__).parent / "probe.js").read_text()
SHORT, LONG = "fake-t200-d20-n20", "fake-t200-d5-n3000-md"
CODE_PIECES, CODE_DELAY_MS = 1536, 9.75  # 6 KB in 15 s


@contextmanager
def page_of(browser: Browser, house: House, person: dict[str, Any]) -> Iterator[Page]:
    """Open the person's conversation in a fresh browser profile."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_cookies(
        [
            {"name": "sessionid", "value": person["session"], "url": house.base_url},
            {"name": "csrftoken", "value": person["csrf"], "url": house.base_url},
        ]
    )
    try:
        yield context.new_page()
    finally:
        context.close()


def person(house: House, model: str, history: int = 0) -> dict[str, Any]:
    plan = {"upstream": house.upstream, "model": model, "people": 1, "history": history}
    made: dict[str, Any] = house.run("bench.people", plan)[0]
    return made


def wait_for(page: Page, name: str, seconds: float) -> None:
    """Wait until the probe has noted `name`. Playwright's own waiting would need `eval`."""
    give_up = time.monotonic() + seconds
    while not page.evaluate(f"window.bench.{name}"):
        if time.monotonic() > give_up:
            raise TimeoutError(f"{name} was not seen within {seconds:.0f} s")
        time.sleep(0.05)


def first_token(browser: Browser, house: House, rounds: int = 12) -> dict[str, Any]:
    """Enter to the first painted token, above the same upstream asked directly."""
    someone = person(house, SHORT)
    plan = along.plan_of(house, [someone], SHORT, 0.0)
    visible: list[float] = []
    direct: list[float] = []
    with page_of(browser, house, someone) as page:
        page.goto(f"{house.base_url}/c/{someone['conversation']}/")
        for turn in range(rounds + 1):
            asked = along.load(house, {**plan, "way": "direct"})
            page.fill("#composer-text", f"Please answer, number {turn}.")
            page.evaluate(PROBE)
            page.keyboard.press("Enter")
            wait_for(page, "first", 20)
            shown = page.evaluate("window.bench.first - window.bench.entered")
            page.wait_for_selector("#messages [data-live]", state="detached")
            if turn:
                direct.append(asked[0]["first_after"] * 1000)
                visible.append(shown)
    added = median(visible) - median(direct)
    return {
        "scenario": "Enter to first visible token",
        "visible_ms": [round(each, 1) for each in visible],
        "direct_ms": [round(each, 1) for each in direct],
        "goals": [Goal("added, median", added, most=120, unit="ms").json()],
    }


def long_answer(browser: Browser, house: House, name: str, model: str, mark: str) -> dict[str, Any]:
    """Read an answer that takes the upstream 15 s; `mark` is its last word."""
    someone = person(house, model)
    with page_of(browser, house, someone) as page:
        wire = Wire(page)
        page.goto(f"{house.base_url}/c/{someone['conversation']}/")
        page.fill("#composer-text", "Please answer at length.")
        page.evaluate(PROBE)
        wire.start()
        house.upstream_calls()
        if model == SHORT:
            queue_code(house)
        page.keyboard.press("Enter")
        time.sleep(14.5)
        page.evaluate("mark => window.bench.watch(mark)", mark)
        wait_for(page, "settled", 90)
        used = wire.stop()
        seen = page.evaluate("window.bench")
    call = house.upstream_calls()[0]
    clock = time.time() - time.monotonic()
    ended = call["ended_at"] + clock
    busy, longest = used["busy"], max(seen["tasks"], default=0.0)
    return {
        "scenario": name,
        "upstream_s": round(call["ended_at"] - call["started"], 2),
        "settled_after_end_s": round(seen["settled"] / 1000 - ended, 3),
        "messages": used["messages"],
        "tasks_over_50_ms": len(seen["tasks"]),
        "goals": [
            Goal("visible after end", seen["seen"] / 1000 - ended, most=0.6, unit="s").json(),
            Goal("main thread busy", busy * 100, most=25, unit="%").json(),
            Goal("longest task (0: none over 50)", longest, most=50, unit="ms").json(),
            Goal("received on the socket", used["bytes"] / 1024, most=250, unit="KiB").json(),
        ],
    }


def queue_code(house: House) -> None:
    """Let the upstream's next answer be one block of code of 6 KB."""
    line = "    total = total + step(value)  # w{}\n"
    code = "```python\ndef add(values, total):\n"
    number = 0
    while len(code) < 6 * 1024:
        code += line.format(number)
        number += 1
    code += "    return total, 'the end'\n```\n"
    size = -(-len(code) // CODE_PIECES)
    pieces = [code[at : at + size] for at in range(0, len(code), size)]
    script = {"pieces": pieces, "first_ms": 200, "delay_ms": 15_000 / len(pieces)}
    body = json.dumps(script).encode()
    url = house.upstream.removesuffix("/v1") + "/control/queue"
    urllib.request.urlopen(urllib.request.Request(url, body), timeout=10).close()


def cold_page(browser: Browser, house: House, rounds: int = 7) -> dict[str, Any]:
    """A signed-in conversation page with nothing in the browser's cache."""
    someone = person(house, SHORT, history=12)
    ready: list[float] = []
    sizes: list[int] = []
    requests: list[int] = []
    for _ in range(rounds):
        with page_of(browser, house, someone) as page:
            wire = Wire(page)
            page.goto(f"{house.base_url}/c/{someone['conversation']}/", wait_until="networkidle")
            page.wait_for_selector("#composer-text:enabled")
            timing = page.evaluate("performance.getEntriesByType('navigation')[0].toJSON()")
            ready.append(timing["domContentLoadedEventEnd"] / 1000)
            sizes.append(wire.encoded)
            requests.append(wire.requests)
    return {
        "scenario": "cold chat page, signed in",
        "input_ready_s": [round(each, 3) for each in ready],
        "goals": [
            Goal("compressed", max(sizes) / 1024, most=150, unit="KiB").json(),
            Goal("requests", max(requests), most=15).json(),
            Goal("input ready, median", median(ready), most=0.5, unit="s").json(),
        ],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chromium", default=os.environ.get("CHROMIUM", "/usr/bin/chromium"))
    parser.add_argument("--only", choices=("cold", "first", "markdown", "code"), action="append")
    given = parser.parse_args()
    scenarios = {
        "cold": cold_page,
        "first": first_token,
        "markdown": lambda b, h: long_answer(b, h, "3,000 tokens of Markdown", LONG, "w2999"),
        "code": lambda b, h: long_answer(b, h, "a code block of 6 KB", SHORT, "the end"),
    }
    where = given.chromium if Path(given.chromium).exists() else None
    with running() as house, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=where, args=FLAGS)
        for name in given.only or scenarios:
            load_average = os.getloadavg()[0]
            found = scenarios[name](browser, house)
            loads = {"load_before": load_average, "load_after": os.getloadavg()[0]}
            print(json.dumps({**found, **loads}), flush=True)
        browser.close()


if __name__ == "__main__":
    main()
