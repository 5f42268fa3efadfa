"""Frames lost, repeated, late or in disorder: what a reader was shown stays exact."""

import uuid

from hypothesis import given
from hypothesis import strategies as st

from runs.following import MOST_PENDING, Following

RUN = uuid.uuid4()


class Page:
    """Stands for the renderer: what was fed to it is what the reader sees."""

    def __init__(self) -> None:
        self.text = ""

    def feed(self, delta: str) -> list:
        self.text += delta
        return []


def follow(text: str = "", fence: int = 1) -> tuple[Following, Page]:
    following = Following(RUN, fence, text)
    page = Page()
    page.feed(text)
    following.renderer = page
    return following, page


texts = st.text(st.characters(codec="utf-8"), max_size=60)


@st.composite
def deliveries(draw):
    """A text cut into frames, and what the layer made of them: lost, doubled and shuffled."""
    pieces = draw(st.lists(texts.filter(bool), min_size=1, max_size=8))
    frames, offset = [], 0
    for piece in pieces:
        frames.append((offset, piece))
        offset += len(piece)
    arrived = draw(st.lists(st.sampled_from(frames), max_size=20))
    return "".join(pieces), frames, arrived


@given(deliveries(), st.data())
def test_any_delivery_shows_a_prefix_and_catching_up_shows_all(delivery, data):
    text, _, arrived = delivery
    start = data.draw(st.integers(0, len(text)))
    following, page = follow(text[:start])
    for offset, piece in arrived:
        following.note(1, offset, piece)
        if data.draw(st.booleans()):
            following.renderer.feed(following.take())
            assert page.text == text[: following.known]
        if data.draw(st.booleans()):  # the buffer is read: it has at least what was published
            following.caught_up(text[: data.draw(st.integers(offset, len(text)))])
    following.renderer.feed(following.take())
    assert text.startswith(page.text)
    following.caught_up(text)
    following.renderer.feed(following.take())
    assert page.text == text
    assert not following.behind


@given(deliveries())
def test_frames_in_order_need_no_catching_up(delivery):
    text, frames, _ = delivery
    following, page = follow()
    for offset, piece in frames:
        following.note(1, offset, piece)
        assert not following.behind
    following.renderer.feed(following.take())
    assert page.text == text


@given(deliveries(), st.integers(0, 7))
def test_a_gap_is_noticed_at_the_next_frame(delivery, lost):
    _, frames, _ = delivery
    following, _ = follow()
    for index, (offset, piece) in enumerate(frames):
        if index != lost:
            following.note(1, offset, piece)
    assert following.behind == (lost < len(frames) - 1)


def test_an_older_fence_is_not_listened_to():
    following, page = follow("kept ", fence=2)
    following.note(1, 5, "of a thawed worker")
    assert not following.pending
    following.note(2, 5, "and grown")
    following.renderer.feed(following.take())
    assert page.text == "kept and grown"


def test_a_newer_fence_takes_over():
    following, _ = follow("", fence=1)
    following.note(3, 0, "third")
    following.note(2, 5, " second")
    assert (following.fence, following.pending) == (3, ["third"])


def test_a_slow_reader_holds_a_bounded_text():
    following, page = follow()
    text = "x" * 100
    for index in range(5000):
        following.note(1, index * 100, text)
    assert following.pending_length <= MOST_PENDING + 100
    assert following.behind
    while following.behind:
        following.caught_up(text * 5000)
        assert following.pending_length <= MOST_PENDING + 100
        following.renderer.feed(following.take())
    same = page.text == text * 5000  # compared apart: pytest would write half a megabyte
    assert same


def test_a_shorter_text_takes_nothing_back():
    following, page = follow("all of it")
    following.caught_up("all")
    assert not following.pending
    assert page.text == "all of it"
