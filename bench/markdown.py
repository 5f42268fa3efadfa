"""What rendering a streamed answer costs: processor time per feed, bytes on the wire.

Each scenario feeds a text as the engine would deliver it and counts what the socket would carry:
the JSON of every patch, for a selector as long as the real one. One process, no network.
"""

import itertools
import json
import sys
import time
from collections.abc import Iterator, Sequence

from django.conf import settings

from bench.figures import Goal, percentile

settings.configure()

from boundary.markdown import StreamRenderer, render  # noqa: E402

SELECTOR = "#run-01234567-89ab-cdef-0123-456789abcdef"
WIRE_KB = 250
PLAIN_MS = 0.15


def document() -> Iterator[str]:
    """Yield the tokens of an endless report, rich in every construct; each has its number."""
    number = itertools.count()
    for chapter in itertools.count(1):
        yield f"## {chapter}. Finding t{next(number)}\n\n"
        for index in range(28):
            n = next(number)
            shapes = [f"t{n} ", f"**t{n}** ", f"t{n}, ", f"`t{n}()` ", f"t{n} ", f"*t{n}* "]
            yield shapes[index % 6 if index % 4 == 0 else 0]
        yield f"\n\nSee t{next(number)} "
        yield f"[source t{next(number)}](https://example.test/{chapter}).\n\n"
        for _ in range(5):
            yield f"- **t{next(number)}**: "
            for _ in range(6):
                yield f"t{next(number)} "
            yield f"t{next(number)}.\n"
        yield f"\n1. t{next(number)} first\n"
        yield f"2. t{next(number)} then\n   - t{next(number)} below\n\n"
        yield f"```python\nclass T{next(number)}:\n"
        for step in range(6):
            yield f"    def step_{step}(self): "
            yield f"return {step} + self.t{next(number)}  # why\n"
        yield f"```\n\n| name t{next(number)} | count |\n| :--- | ---: |\n"
        for _ in range(4):
            yield f"| t{next(number)} "
            yield f"| {next(number)} |\n"
        yield f"\n> t{next(number)} quoted and $x_{{{chapter}}}^2$\n\n"


def code(length: int) -> str:
    unit = 'def step(value: int) -> str:\n    """Say it."""\n    return f"{value + 1}"  # next\n\n'
    return f"```python\n{(unit * (length // len(unit) + 1))[:length]}\n```\n"


def pieces(text: str, length: int) -> list[str]:
    return [text[at : at + length] for at in range(0, len(text), length)]


def feeds(tokens: Sequence[str], count: int) -> list[str]:
    return ["".join(tokens[at : at + count]) for at in range(0, len(tokens), count)]


def measure(deltas: Sequence[str]) -> dict[str, float]:
    """Stream `deltas` once; times are processor time in milliseconds."""
    renderer = StreamRenderer(SELECTOR)
    times: list[float] = []
    patches = sent = 0
    for delta in deltas:
        started = time.process_time()
        changes = renderer.feed(delta)
        times.append(1000 * (time.process_time() - started))
        patches += len(changes)
        sent += sum(
            len(json.dumps(patch._asdict(), ensure_ascii=False).encode()) for patch in changes
        )
    text = "".join(deltas)
    started = time.process_time()
    html = render(text)
    whole = 1000 * (time.process_time() - started)
    if renderer.snapshot() != html:
        raise AssertionError("streaming and rendering differ")
    return {
        "feeds": len(times),
        "mean_ms": sum(times) / len(times),
        "p95_ms": percentile(times, 95),
        "worst_ms": max(times),
        "total_ms": sum(times),
        "patches": patches,
        "sent_bytes": sent,
        "text_bytes": len(text.encode()),
        "html_bytes": len(html.encode()),
        "whole_ms": whole,
    }


def report(scenario: str, deltas: Sequence[str], **most: float) -> bool:
    """Measure a scenario twice, warm; print the second with its goals as a line of JSON."""
    measure(deltas)
    found = measure(deltas)
    goals = [Goal(what, found[what], most=bound).json() for what, bound in most.items()]
    rounded = {name: round(value, 4) for name, value in found.items()}
    print(json.dumps({"scenario": scenario, **rounded, "goals": goals}), flush=True)
    return all(goal["met"] for goal in goals)


def main() -> int:
    words = [f"word{number} " for number in range(300)]
    report("300 plain tokens, 10 a feed", feeds(words, 10), mean_ms=PLAIN_MS)
    report("300 plain tokens, one by one", feeds(words, 1), mean_ms=PLAIN_MS)
    rich = list(itertools.islice(document(), 3_000))
    report(
        "3,000 tokens of Markdown in 300 feeds",
        feeds(rich, 10),
        mean_ms=2.0,
        sent_bytes=WIRE_KB * 1000,
    )
    report("3,000 tokens of Markdown, one by one", feeds(rich, 1), mean_ms=1.0)
    report("6 KB of code, 20 characters a feed", pieces(code(6_000), 20), mean_ms=1.0)
    report("200 KB of code, 100 characters a feed", pieces(code(200_000), 100), mean_ms=2.0)
    items = "".join(f"- item {number} with **bold** words\n" for number in range(500))
    report("500 list items, 20 characters a feed", pieces(items, 20), mean_ms=2.0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
