"""Percentiles, and figures held against their goals."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


def percentile(values: Sequence[float], point: float) -> float:
    """Return the nearest-rank percentile. Raises `ValueError` for no values."""
    if not values:
        raise ValueError("nothing was measured")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(point / 100 * len(ordered)) - 1)]


def median(values: Sequence[float]) -> float:
    return percentile(values, 50)


@dataclass(frozen=True)
class Goal:
    """One figure and the bound it is to keep: `most` of it, or `least`."""

    what: str
    found: float
    most: float | None = None
    least: float | None = None
    unit: str = ""

    @property
    def is_met(self) -> bool:
        above = self.least is None or self.found >= self.least
        return above and (self.most is None or self.found <= self.most)

    def json(self) -> dict[str, Any]:
        bounds = {"most": self.most, "least": self.least}
        kept = {name: bound for name, bound in bounds.items() if bound is not None}
        found = round(self.found, 4)
        return {"what": self.what, "found": found, **kept, "unit": self.unit, "met": self.is_met}


def table(goals: Sequence[dict[str, Any]]) -> str:
    """Return goals, as `Goal.json` gives them, as lines to read."""
    lines = []
    for goal in goals:
        bounds = [f"≤ {goal['most']:g}"] if "most" in goal else []
        bounds += [f"≥ {goal['least']:g}"] if "least" in goal else []
        mark = "met   " if goal["met"] else "MISSED"
        lines.append(
            f"{mark}  {goal['what']}: {goal['found']:g} {goal['unit']} (goal {', '.join(bounds)})"
        )
    return "\n".join(lines)
