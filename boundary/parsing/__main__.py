"""The process that reads one document: `python -m boundary.parsing KIND < file`.

It answers on standard output with a JSON object: `text` and `title`, or `error`.
"""

import json
import resource
import sys
from typing import Any

_LIMITS = {
    resource.RLIMIT_AS: 512 * 2**20,
    resource.RLIMIT_CPU: 20,  # seconds
    resource.RLIMIT_FSIZE: 0,  # no file is written; a pipe is none
    resource.RLIMIT_CORE: 0,
}
_LONGEST = 2_000_000  # code points
_REFUSED = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.system")


def main() -> None:
    for limit, most in _LIMITS.items():
        resource.setrlimit(limit, (most, most))
    sys.addaudithook(_stay_inside)
    answer = _read(sys.argv[1], sys.stdin.buffer.read())
    json.dump(answer, sys.stdout)


def _stay_inside(event: str, args: tuple[Any, ...]) -> None:
    """Keep a parser from the network and from other programs."""
    if event.startswith(_REFUSED):
        raise PermissionError(event)


def _read(kind: str, data: bytes) -> dict[str, str]:
    from boundary.parsing.formats import text_of  # within the limits, too
    from boundary.parsing.unreadable import Unreadable

    try:
        text, title = text_of(data, kind)
    except Unreadable as unreadable:
        return {"error": str(unreadable)}
    except (MemoryError, RecursionError, OverflowError):
        return {"error": "too_much"}
    except Exception:  # whatever a parser made of it
        return {"error": "broken"}
    return {"error": "too_much"} if len(text) > _LONGEST else {"text": text, "title": title}


if __name__ == "__main__":
    main()
