"""Outlines are read however a model writes them, and are written in one way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.recipes.base import Misread
from generator.recipes.long_article import LongArticle
from generator.recipes.outlines import LONGEST_HEADING, MOST_SECTIONS, parse, written
from tests.generator.readers import filled

WAYS = {
    "bold and colon": "1. **Sun**: the angle\n2. **Dance**: the others\n",
    "numbered, a dash": "Here is it:\n\n1) Sun – the angle\n2) Dance – the others",
    "bullets": "- **Sun:** the angle\n- **Dance:** the others",
    "headings": "# How bees fly\n\n## Sun\nthe angle\n\n## Dance\n\nthe others",
    "numbered headings": "## 1. Sun\nthe angle\n## 2. Dance\nthe others",
    "sub-points": "1. Sun\n   - the angle\n2. Dance\n   - the others",
    "sections": "Section 1: Sun: the angle\nSection 2: Dance: the others".replace("Sec", "- Sec"),
    "roman": "I. Sun: the angle\nII. Dance: the others",
    "full width": "1、Sun：the angle\n2、Dance：the others",
}


@pytest.mark.parametrize("text", WAYS.values(), ids=WAYS)
def test_ways_of_writing_an_outline(text):
    assert parse(text) == [("Sun", "the angle"), ("Dance", "the others")]


NAMES = st.text(st.sampled_from("abc défg中文 XY"), min_size=1, max_size=30).map(
    lambda name: " ".join(name.split())
)


@given(st.lists(st.tuples(NAMES.filter(bool), NAMES), min_size=2, max_size=60))
def test_what_is_written_is_read_again(plan):
    assert parse(written(plan)) == plan[:MOST_SECTIONS]


@given(st.text(st.sampled_from("#-*1. :a\n\t中）)("), max_size=400))
def test_anything_can_be_read(text):
    for heading, _notes in parse(text):
        assert 0 < len(heading) <= LONGEST_HEADING


def test_five_hundred_sections_are_cut_and_long_headings_shortened():
    plan = parse("\n".join(f"{n}. {'x' * 900}" for n in range(500)))
    assert len(plan) == MOST_SECTIONS
    assert all(len(heading) == LONGEST_HEADING for heading, _notes in plan)


@pytest.mark.parametrize("text", ["", "Bees are insects.", "1. Only one", "{}"])
def test_what_is_no_outline_is_asked_for_again(text):
    with pytest.raises(Misread):
        LongArticle().read(filled("long-article", topic="Bees"), text)


@pytest.mark.parametrize(
    ("fields", "count"), [({"words": 1500}, 6), ({"words": 20}, 2), ({"sections": 12}, 12)]
)
def test_as_many_sections_are_asked_for_as_fit(fields, count):
    ask = LongArticle().ask(filled("long-article", topic="Bees", **fields))
    assert f"in the same way: {count} sections" in ask.user


def test_of_more_sections_than_were_asked_for_the_first_are_kept():
    values = filled("long-article", topic="Bees", sections=2)
    assert LongArticle().read(values, "1. A: a\n2. B: b\n3. C: c").count("\n") == 1
