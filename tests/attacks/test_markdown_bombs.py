"""Text made to take long takes no longer than its length allows."""

import time

import pytest

from boundary.markdown import StreamRenderer, blocks, render

N = 30_000
SECONDS = 8.0  # of processor time; what is quadratic takes minutes
BOMBS = {
    "quotes": ">" * N,
    "spaced quotes": "> " * N,
    "nested lists": "".join("  " * depth + "- a\n" for depth in range(300)),
    "lists on a line": "1. " * N,
    "quotes and lists": "> - " * N,
    "brackets": "[" * N,
    "few brackets": "[" * 1_900 + "a" * 15_000,
    "bracket lines": "[\n" * N,
    "closing brackets": "]" * N,
    "half links": "[a](" * N,
    "half links within limits": "[a](" * 450,
    "nested links": "[" * 900 + "a" + "](https://a.test)" * 900,
    "half titles": "[a](https://b '" * N,
    "pictures": "![" * N,
    "nested pictures": "![a" * 500 + "](https://b)" * 500,
    "asterisks": "*" * N + "a",
    "open emphasis": "*a " * N,
    "emphasis within limits": "*a **b " * 650,
    "mixed emphasis": "*a_ " * N,
    "tildes": "~~a" * N,
    "backticks": "`" * N,
    "growing backticks": "".join("`" * length + " " for length in range(1, 60)),
    "dollars": "$a " * N,
    "dollars within limits": "$a " * 1_900,
    "open formulas": r"\(" * N,
    "open formula blocks": "\\[\n" * N,
    "deep formula": "$" + r"\frac{" * 300 + "}" * 300 + "$",
    "long formula": "$$" + "a_b^c" * 390 + "$$",
    "many formulas": "$x_1$ " * N,
    "left and right": "$$" + r"\left(" * 300 + "$$",
    "ampersands": "&" * N,
    "angles": "<a" * N,
    "half addresses": "<http://a" * N,
    "addresses": "https://a.b/" * N,
    "parentheses after an address": "https://a.b/" + ")" * N,
    "one line": "word " * 200_000,
    "one word": "a" * 1_000_000,
    "lines": "a\n" * N,
    "wide table": "|a" * 900 + "|\n" + "|-" * 900 + "|\n" + "|b\n" * 2_000,
    "long table": "|a|b|\n|-|-|\n" + "|c|d|\n" * (N // 2),
    "empty cells": "|a" * 64 + "|\n" + "|-" * 64 + "|\n" + "|b\n" * (N // 6),
    "pipes": "a|b\n-|-\n" + "|" * N,
    "definitions": "".join(f"[a{n}]: https://x.test\n" for n in range(N // 6)),
    "uses": "".join(f"[a{n}] " for n in range(N)),
    "long label": "[" + "a" * N + "]: /x",
    "half definitions": "[a]: <" * N,
    "fences": "```\n" * (N // 3),
    "rules": "---\n" * (N // 3),
    "headings": "# a\n" * (N // 3),
    "paragraphs": "a\n\n" * (N // 3),
    "backslashes": "\\" * N,
    "tabs": "\t" * N + "a",
    "blank lines": "\n" * N,
    "python": "```python\n" + "(" * 1_900 + "\n" + "'" * 1_900 + "\n",
    "javascript": "```js\n" + ("`${" * 600 + "\n") * 20,
    "shell": "```bash\n" + ("$(" * 900 + "\n") * 20,
    "markup": "```html\n" + ("<a " * 600 + "\n") * 20 + "<script>\n" * 500,
    "c comments": "```c\n" + "/*\n" * 5_000,
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_rendered_in_bounded_time(text):
    started = time.process_time()
    html = render(text)
    assert time.process_time() - started < SECONDS
    renderer = StreamRenderer("#run")
    step = len(text) // 10 + 1
    started = time.process_time()
    for position in range(0, len(text), step):
        renderer.feed(text[position : position + step])
    assert time.process_time() - started < 2 * SECONDS
    assert renderer.snapshot() == html


@pytest.mark.parametrize(
    "unit", ["words of one paragraph ", "- item\n", "x = 1 # code\n", "| a | b |\n", "> quote\n>\n"]
)
def test_a_feed_costs_what_it_adds_and_not_what_there_is(unit):
    """The last quarter of a long text takes no longer than three times the first quarter."""
    start = {"x": "```python\n", "|": "| h | i |\n|---|---|\n"}.get(unit[0], "")
    text = start + unit * (40_000 // len(unit))
    renderer = StreamRenderer("#run")
    times = []
    for quarter in range(4):
        started = time.process_time()
        for position in range(quarter * 10_000, (quarter + 1) * 10_000, 50):
            renderer.feed(text[position : position + 50])
        times.append(time.process_time() - started)
    assert times[3] < 3 * times[0] + 0.2, times


def test_what_nests_too_deep_is_shown_as_text():
    html = render("> " * 100 + "the end")
    assert html.count("<blockquote>") == 20
    assert "&gt; &gt; the end" in html


def test_a_paragraph_too_long_to_parse_is_shown_as_text():
    text = "**bold** " * 3_000
    assert "<strong>" not in render(text)
    assert text.strip() in render(text)


def test_a_text_too_long_is_plain_from_there_on():
    paragraph = "**bold** " + "word " * 198 + "\n\n"
    assert len(paragraph) == 1_001
    html = render(paragraph * 500)
    assert html.count("<strong>") == -(-blocks.LENGTH_LIMIT // 1_001)
    assert html.endswith(f"{paragraph}</code></pre>")
