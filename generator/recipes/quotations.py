"""What an answer quotes, and how it is compared with what was given."""

import re

_QUOTED = re.compile(r"“([^”]+)”|\"([^\"]+)\"|«([^»]+)»|„([^“”]+)[“”]|「([^」]+)」|『([^』]+)』")


def quoted(text: str) -> list[str]:
    """Return what stands between quotation marks."""
    return ["".join(found) for found in _QUOTED.findall(text)]


def letters(text: str) -> str:
    """Return the letters and digits of it: marks and spaces are quoted in many ways."""
    return "".join(re.findall(r"\w+", text)).replace("_", "").casefold()
