"""Chats through the house and straight to its upstream, side by side in one run.

    python -m bench.chat [--only few|many|long] [--ramp 2]

Prints one JSON object a scenario. How each figure is made is in README.md.
"""

import argparse
import json
import os
from collections.abc import Callable
from typing import Any

from bench import reading_along as along
from bench.figures import Goal, median, percentile
from bench.house import House, running
from bench.long import long_conversation

COUNTED = ("web", "worker", "valkey")


def both_ways(house: House, people: int, model: str, ramp: float, rounds: int) -> dict[str, Any]:
    """Run the same load directly and through the house, in turns; returns all that was told."""
    plan = {"upstream": house.upstream, "model": model, "people": people, "history": 0}
    direct: list[dict[str, Any]] = []
    through: list[dict[str, Any]] = []
    cpu = dict.fromkeys(house.processes, 0.0)
    for _ in range(rounds):
        chats = house.run("bench.people", plan)
        load = along.plan_of(house, chats, model, ramp)
        direct += along.load(house, {**load, "way": "direct"})
        before = house.cpu_seconds()
        through += along.load(house, {**load, "way": "house"})
        after = house.cpu_seconds()
        for name in cpu:
            cpu[name] += after[name] - before[name]
    return {"direct": direct, "house": through, "cpu_s": cpu}


def few(house: House, ramp: float) -> dict[str, Any]:
    """Ten people at once; what the house adds before the first text."""
    both_ways(house, 10, "fake-t200-d20-n20", 0.5, 1)  # warm: templates, pools, connections
    found = both_ways(house, 10, "fake-t200-d20-n150", ramp, 4)
    burst = both_ways(house, 10, "fake-t200-d20-n20", 0.0, 3)
    added = along.added_first(found)
    return {
        "scenario": "10 chats at once",
        "ramp_s": ramp,
        **along.summary(found),
        "posted_in_one_moment": along.summary(burst),
        "goals": [
            Goal("added first text, median", median(added) * 1000, most=25, unit="ms").json(),
            Goal("added first text, p95", percentile(added, 95) * 1000, most=60, unit="ms").json(),
            *along.goals_of_order(found["house"]),
        ],
    }


def many(house: House, ramp: float, people: int = 200) -> dict[str, Any]:
    """Two hundred chats of 300 tokens at 50 tokens a second."""
    both_ways(house, 10, "fake-t200-d20-n20", 0.5, 1)
    found = both_ways(house, people, "fake-t200-d20-n300", ramp, 1)
    added, told = along.added_first(found), found["house"]
    tokens = sum(one["count"] for one in told)
    per_1000 = {name: used / tokens * 1000 for name, used in found["cpu_s"].items()}
    counted = sum(per_1000[name] for name in COUNTED)
    late = [one["late"] for one in told]
    widest = max(median(one["gaps"]) for one in told)
    return {
        "scenario": f"{people} chats at once",
        "ramp_s": ramp,
        **along.summary(found),
        "cpu_s_per_1000_tokens": {name: round(used, 4) for name, used in per_1000.items()},
        "goals": [
            Goal("added first text, p95", percentile(added, 95) * 1000, most=100, unit="ms").json(),
            Goal("widest median frame interval", widest * 1000, most=250, unit="ms").json(),
            Goal("latest text of any stream", max(late), most=1.0, unit="s").json(),
            Goal("CPU of web, worker, Valkey", counted, most=0.12, unit="s per 1,000 tok").json(),
            *along.goals_of_order(told),
        ],
    }


def long(house: House, ramp: float) -> dict[str, Any]:
    return long_conversation(house)


SCENARIOS: dict[str, Callable[[House, float], dict[str, Any]]] = {
    "few": few,
    "many": many,
    "long": long,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=SCENARIOS, action="append")
    parser.add_argument("--ramp", type=float, default=2.0, help="seconds over which all post")
    given = parser.parse_args()
    with running() as house:
        for name in given.only or SCENARIOS:
            load_average = os.getloadavg()[0]
            found = SCENARIOS[name](house, given.ramp)
            loads = {"load_before": load_average, "load_after": os.getloadavg()[0]}
            print(json.dumps({**found, **loads}), flush=True)


if __name__ == "__main__":
    main()
