"""The process that reads one document: `python -m boundary.parsing KIND < file`.

It answers on standard output with a JSON object: `text` and `title`, or `error`.
"""

import json
import resource
import sys

_MEMORY = 1024 * 2**20
_SECONDS = 20
_LONGEST = 2_000_000  # code points


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # a pipe is no file
    json.dump(_read(sys.argv[1], sys.stdin.buffer.read()), sys.stdout)


def _read(kind: str, data: bytes) -> dict[str, str]:
    from boundary.parsing.formats import Unreadable, text_of  # within the limits, too

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
