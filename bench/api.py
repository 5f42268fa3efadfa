"""/v1 and its upstream, side by side in one run.

    python -m bench.api [--only one|whole|few|many|most]

Prints one JSON object a scenario. How each figure is made is in README.md.
"""

import argparse
import json
import os
from collections.abc import Callable
from itertools import chain
from typing import Any

from bench.figures import Goal, median, percentile
from bench.house import House, running

AT_ONCE, QUICK, PACED = "fake-n8", "fake-t20-d1-n8", "fake-t200-d20-n300"
COUNTED = ("web", "worker", "beat", "postgres", "valkey")
_WHOLE = 2000


def both_ways(house: House, secret: str, rounds: int, **load: Any) -> dict[str, Any]:
    """Run the same load directly and through /v1, in turns."""
    found: dict[str, Any] = {"direct": [], "house": [], "wall_s": {"direct": 0.0, "house": 0.0}}
    found["cpu_s"] = dict.fromkeys(house.processes, 0.0)
    urls = {"direct": house.upstream, "house": f"{house.base_url}/v1"}
    for way in ("direct", "house") * rounds:
        before = house.cpu_seconds()
        told = house.run("bench.api_load", {"url": urls[way], "key": secret, "ramp": 0.0, **load})
        after = house.cpu_seconds()
        found[way] += told["told"]
        found["wall_s"][way] += told["wall_s"]
        if way == "house":
            for name, used in after.items():
                found["cpu_s"][name] += used - before[name]
    house.upstream_calls()
    return found


def _errors(found: dict[str, Any]) -> dict[str, Any]:
    errors = [one["error"] for way in ("direct", "house") for one in found[way] if one["error"]]
    return {"errors": len(errors), "first_errors": errors[:3]}


def _took(told: list[dict[str, Any]], end: str) -> list[float]:
    return [(one[end] - one["sent"]) * 1000 for one in told if not one["error"]]


def one(house: House, secret: str) -> dict[str, Any]:
    """One stream at a time; what /v1 adds before the first token.

    Of a model that thinks for 20 ms, and of one that answers at once: what lies between the two is
    what a processor loses by falling asleep.
    """
    paced = both_ways(house, secret, 5, model=QUICK, calls=30, at_once=1, stream=True)
    at_once = both_ways(house, secret, 3, model=AT_ONCE, calls=50, at_once=1, stream=True)
    direct, through = (_took(paced[way], "first") for way in ("direct", "house"))
    awake = [median(_took(at_once[way], "first")) for way in ("direct", "house")]
    return {
        "scenario": "one stream at a time",
        "first_token_ms": {"direct": median(direct), "house": median(through)},
        "p95_ms": {"direct": percentile(direct, 95), "house": percentile(through, 95)},
        "first_token_ms_of_a_model_that_answers_at_once": dict(
            zip(("direct", "house"), awake, strict=True)
        ),
        **_errors(paced),
        "goals": [
            Goal("added first token", median(through) - median(direct), most=6, unit="ms").json(),
            Goal("... of a model at once", awake[1] - awake[0], most=6, unit="ms").json(),
        ],
    }


def whole(house: House, secret: str) -> dict[str, Any]:
    """One answer that does not stream at a time, then 32."""
    single = both_ways(house, secret, 5, model=AT_ONCE, calls=40, at_once=1, stream=False)
    direct, through = (_took(single[way], "ended") for way in ("direct", "house"))
    found = both_ways(house, secret, 3, model=AT_ONCE, calls=_WHOLE, at_once=32, stream=False)
    took = _took(found["house"], "ended")
    rates = {way: len(found[way]) / found["wall_s"][way] for way in ("direct", "house")}
    cpu = {name: used / len(took) * 1000 for name, used in found["cpu_s"].items()}
    return {
        "scenario": "answers that do not stream",
        "one_ms": {"direct": median(direct), "house": median(through)},
        "requests_per_s": rates,
        "median_ms": median(took),
        "cpu_ms_per_request": {name: round(used, 3) for name, used in cpu.items()},
        "errors_one": _errors(single),
        **_errors(found),
        "goals": [
            Goal("added to one", median(through) - median(direct), most=6, unit="ms").json(),
            Goal("requests at 32 at once", rates["house"], least=250, unit="a second").json(),
            Goal("p99 at 32 at once", percentile(took, 99), most=250, unit="ms").json(),
        ],
    }


def _paced(house: House, secret: str, streams: int) -> dict[str, Any]:
    found = both_ways(
        house, secret, 1, model=PACED, calls=streams, at_once=streams, stream=True, ramp=2.0
    )
    direct, through = (_took(found[way], "first") for way in ("direct", "house"))
    gaps = {way: list(chain(*(o["gaps"] for o in found[way]))) for way in ("direct", "house")}
    tokens = sum(one["count"] for one in found["house"])
    cpu = {name: used / tokens * 1000 for name, used in found["cpu_s"].items()}
    lost = sum(one["wrong"] + abs(300 - one["count"]) for one in found["house"])
    counted = sum(cpu[name] for name in COUNTED)
    added = percentile(through, 95) - percentile(direct, 95)
    gap = percentile(gaps["house"], 99) * 1000
    return {
        "scenario": f"{streams} paced streams",
        "first_token_p95_ms": {"direct": percentile(direct, 95), "house": percentile(through, 95)},
        "gap_p99_ms": {way: percentile(each, 99) * 1000 for way, each in gaps.items()},
        "cpu_s_per_1000_tokens": {name: round(used, 4) for name, used in cpu.items()},
        **_errors(found),
        "figures": [
            ("tokens lost or out of order", lost, {"most": 0}, ""),
            ("first token p95 above the upstream's", added, {"most": 100}, "ms"),
            ("gap p99", gap, {"most": 60}, "ms"),
            ("CPU of the house", counted, {"most": 0.09}, "s per 1,000 tok"),
        ],
    }


def many(house: House, secret: str) -> dict[str, Any]:
    found = _paced(house, secret, 200)
    goals = [Goal(what, figure, unit=unit, **b) for what, figure, b, unit in found["figures"]]
    return {**found, "goals": [goal.json() for goal in goals]}


SCENARIOS: dict[str, Callable[[House, str], dict[str, Any]]] = {
    "one": one,
    "whole": whole,
    "few": lambda house, secret: _paced(house, secret, 50),
    "many": many,
    "most": lambda house, secret: _paced(house, secret, 400),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=SCENARIOS, action="append")
    given = parser.parse_args()
    with running() as house:
        plan = {"upstream": house.upstream, "models": [AT_ONCE, QUICK, PACED]}
        secret = house.run("bench.api_key", plan)
        both_ways(house, secret, 1, model=QUICK, calls=40, at_once=8, stream=True)  # warm
        for name in given.only or SCENARIOS:
            load_average = os.getloadavg()[0]
            found = SCENARIOS[name](house, secret)
            loads = {"load_before": load_average, "load_after": os.getloadavg()[0]}
            print(json.dumps({**found, **loads}), flush=True)


if __name__ == "__main__":
    main()
