"""Patches come out right in a real browser, through htmx and its socket extension as they are."""

import json
import random
from pathlib import Path

import django_htmx
import pytest

from boundary.markdown import StreamRenderer, render

SCRIPTS = Path(django_htmx.__file__).parent / "static" / "django_htmx"
SEEDS = [1, 2, 3, 4, 5, 6]
DOCUMENT = """\
# A *title* & more

First paragraph with **bold**, `code <b>`, ~~gone~~ and [a link](https://a.test "t").
Its second line, a [late] reference\\
and a break. ![pic](https://i.test/p.png) <script>alert(1)</script> <hx-partial>

- one
- two
  - nested *item*

    loose child
  - other
- [x] done
- [ ] open

3. third

   ```python
   def f(x):

       return '''a
   b'''  # <c>
   ```

4. fourth

| left | mid | right |
|:-----|:---:|------:|
| a **b** | `c` | 1 |
| d |
| \\| | e | $x^2$ |

> quoted
lazily
>
> - list in a quote
> - [late]

Setext heading
==============

```html
<p class="x" hx-get="/y">
  &amp; text

<script>
let x = 1; /* open
comment */
</script>
```

    indented  code

\tand a tab

$$
\\frac{a}{b} \\text{ if } a < b
$$

Inline $a_1$, \\(b^2\\), then 中文**强调（注）**后 and 😀 e\u0301 \u202ertl\u202c.

***

```
unclosed
  [late]: no

"""
ENDING = "\n```\n\n[late]: https://late.test\n\nThe end, with  spaces ."
FAKE_SOCKET = """
window.sockets = [];
window.WebSocket = class extends EventTarget {
  static CONNECTING = 0; static OPEN = 1; static CLOSED = 3;
  constructor() { super(); this.readyState = 1; sockets.push(this);
    setTimeout(() => this.dispatchEvent(new Event("open"))); }
  close() {}
};
"""
HEAD = """<!doctype html><meta name="htmx-config" content='{"extensions": "ws",
 "includeIndicatorCSS": false, "history": false, "defaultSettleDelay": 0}'>"""
CONNECT = """() => {
  document.body.innerHTML =
    '<main hx-ws:connect="ws://127.0.0.1:9/x"><div class="prose" id="run-1"></div></main>';
  htmx.process(document.body);
}"""
RECEIVE = """messages => {
  for (const text of messages) sockets[0].dispatchEvent(new MessageEvent("message", {data: text}));
}"""
COMPARE = """html => {
  const whole = document.createElement("div");
  whole.innerHTML = html;
  const live = document.getElementById("run-1");
  live.normalize();
  return [live.innerHTML, whole.innerHTML];
}"""


def messages(text, cuts):
    renderer = StreamRenderer("#run-1")
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        for patch in renderer.feed(text[start:end]):
            yield json.dumps(patch._asdict())


@pytest.fixture
def stage(page):
    """A page with htmx and hx-ws, whose socket is played by the test."""
    page.set_content(HEAD)
    page.evaluate(f"() => {{ {FAKE_SOCKET} }}")
    page.add_script_tag(path=SCRIPTS / "htmx-4.js")
    page.add_script_tag(path=SCRIPTS / "ext" / "hx-ws-4.js")
    page.evaluate(CONNECT)
    page.wait_for_function("window.sockets.length === 1")
    return page


@pytest.mark.parametrize("seed", SEEDS)
def test_the_dom_is_that_of_the_whole_text_at_many_moments(stage, seed):
    print("seed", seed)
    source = random.Random(seed)
    text = DOCUMENT + ENDING
    count = source.choice([5, 40, 200])
    cuts = sorted(source.sample(range(1, len(text)), count))
    renderer, position = StreamRenderer("#run-1"), 0
    for index, cut in enumerate([*cuts, len(text)]):
        patches = renderer.feed(text[position:cut])
        stage.evaluate(RECEIVE, [json.dumps(patch._asdict()) for patch in patches])
        position = cut
        if index % 10 == 0 or cut == len(text):
            live, whole = stage.evaluate(COMPARE, render(text[:cut]))
            assert live == whole


def test_the_dom_is_right_character_by_character(stage):
    text = DOCUMENT + ENDING
    stage.evaluate(RECEIVE, list(messages(text, range(1, len(text)))))
    live, whole = stage.evaluate(COMPARE, render(text))
    assert live == whole
    assert "https://late.test" in live
    assert stage.evaluate("document.querySelectorAll('#run-1 script, #run-1 img').length") == 0


def test_white_space_in_code_survives(stage):
    code = "\n\n  two blank lines before\n\ttab\n \n   \nend   \n"
    text = f"```\n{code}```\n"
    stage.evaluate(RECEIVE, list(messages(text, range(1, len(text)))))
    assert stage.evaluate("document.querySelector('#run-1 code').textContent") == code


def test_table_rows_and_formulas_get_their_own_kind_of_element(stage):
    text = "| a |\n|---|\n| b |\n| c |\n\n$$\nx\n$$\n"
    stage.evaluate(RECEIVE, list(messages(text, range(1, len(text)))))
    assert stage.evaluate("document.querySelector('#run-1 table').rows.length") == 3
    namespace = stage.evaluate("document.querySelector('#run-1 math').namespaceURI")
    assert namespace == "http://www.w3.org/1998/Math/MathML"
