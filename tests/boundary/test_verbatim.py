"""Text that is shown as it is, however it is cut while it comes."""

import re

from hypothesis import given
from hypothesis import strategies as st

from boundary.markdown import VerbatimRenderer, verbatim


def applied(patches) -> str:
    """Return what a page has in the end: the first patch is the element, the others go into it."""
    first, *rest = patches
    assert (first.target, first.swap) == ("#a", "beforeend")
    assert all(each.target == "#a>:last-child>:last-child" for each in rest)
    end = "</code></pre>"
    return first.content.removesuffix(end) + "".join(each.content for each in rest) + end


@given(st.lists(st.text(min_size=1), min_size=1, max_size=8))
def test_in_any_pieces_it_is_the_same(pieces):
    renderer = VerbatimRenderer("#a")
    patches = [patch for piece in pieces for patch in renderer.feed(piece)]
    text = "".join(pieces)
    assert applied(patches) == renderer.snapshot() == verbatim(text)


def test_nothing_is_nothing():
    renderer = VerbatimRenderer("#a")
    assert renderer.feed("") == []
    assert renderer.snapshot() == verbatim("") == ""


@given(st.text())
def test_no_markup_survives(text):
    inside = verbatim(f"{text}<img src=x onerror=alert(1)>")
    assert re.findall(r"<[a-z/]+[^>]*>", inside) == [
        '<pre class="plain">', "<code>", "</code>", "</pre>"
    ]  # fmt: skip
