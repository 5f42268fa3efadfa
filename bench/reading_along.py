"""What readers were told, held against what the upstream wrote and when."""

import itertools
from typing import Any

from bench.figures import Goal, median, percentile
from bench.house import House


def plan_of(house: House, chats: list[dict[str, Any]], model: str, ramp: float) -> dict[str, Any]:
    """Return the plan of a load (see `bench.load`)."""
    return {
        "base_url": house.base_url,
        "upstream": house.upstream,
        "model": model,
        "expect": int(model.rpartition("-n")[2]),
        "ramp": ramp,
        "settle": 0.5,
        "chats": chats,
    }


def load(house: House, plan: dict[str, Any]) -> list[dict[str, Any]]:
    """Run one load; returns what each reader was told, with `late`, `gaps` and `first_after`.

    Raises `RuntimeError` when a chat failed: figures of half a run mean nothing.
    """
    house.upstream_calls()
    answer = house.run("bench.load", plan)
    told: list[dict[str, Any]] = answer["told"]
    failed = [one["error"] for one in told if one["error"]]
    if failed:
        raise RuntimeError(f"{len(failed)} of {len(told)} chats failed: {failed[0]}")
    written = {call["messages"][-1]["content"]: call for call in house.upstream_calls()}
    delay = int(plan["model"].partition("-d")[2].partition("-")[0]) / 1000
    for one in told:
        begun = written[one["question"]]["first_text_at"]
        times = [frame[0] for frame in one["frames"]]
        one["first_after"] = one["first"] - one["posted"]
        one["gaps"] = [b - a for a, b in itertools.pairwise(times)] or [0.0]
        one["late"] = max(at - begun - newest * delay for at, newest, _ in one["frames"])
        one["expected"] = plan["expect"]
    return told


def added_first(found: dict[str, Any]) -> list[float]:
    """Return each chat's time to its first text, less the median of the same asked directly."""
    direct = median([one["first_after"] for one in found["direct"]])
    return [one["first_after"] - direct for one in found["house"]]


def goals_of_order(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    lost = sum(one["expected"] - one["count"] for one in told)
    wrong = sum(one["wrong"] for one in told)
    return [Goal("tokens lost, repeated or out of order", lost + wrong, most=0).json()]


def summary(found: dict[str, Any]) -> dict[str, Any]:
    """Return the distribution of both ways, in milliseconds."""
    return {way: _of(found[way]) for way in ("direct", "house")}


def _of(told: list[dict[str, Any]]) -> dict[str, Any]:
    first = [one["first_after"] * 1000 for one in told]
    answered = [(one["answered"] - one["posted"]) * 1000 for one in told]
    gaps = [gap * 1000 for one in told for gap in one["gaps"]]
    late = [one["late"] * 1000 for one in told]
    return {
        "chats": len(told),
        "tokens": sum(one["count"] for one in told),
        "first_text_ms": _points(first),
        "post_answered_ms": _points(answered),
        "frame_interval_ms": _points(gaps),
        "latest_ms": _points(late),
        "bytes_per_token": round(sum(one["bytes"] for one in told) / sum(o["count"] for o in told)),
    }


def _points(values: list[float]) -> dict[str, float]:
    points = {"p50": 50, "p95": 95, "max": 100}
    return {name: round(percentile(values, point), 1) for name, point in points.items()}
