"""Servers that are added by choosing them: what `presets.toml` knows of each."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

PLACEHOLDER = "YOUR-"  # begins what a person has to fill in: no call goes to an address with it
_FILE = Path(__file__).with_name("presets.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """One server; the fields are explained in `presets.toml`."""

    slug: str
    name: str
    base_url: str
    kind: str = "openai"
    key: Literal["needed", "optional", "none"]
    key_url: str = ""
    allow_private: bool = False


@cache
def presets() -> tuple[Preset, ...]:
    """Return all presets, in the order in which they are offered."""
    listed = tomllib.loads(_FILE.read_text(encoding="utf-8"))["preset"]
    return tuple(Preset(**each) for each in listed)


def find_preset(slug: str) -> Preset | None:
    return next((each for each in presets() if each.slug == slug), None)
