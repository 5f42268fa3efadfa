"""Models that write too short or too long are asked for what is missing or too much."""

import uuid

import pytest

from generator.articles.actions import rewrite_section
from generator.lengths import is_as_long, nearer, shares, trimmed, word_count
from generator.models import Act
from generator.models.article import Asks
from tests.generator.newsroom import (
    DETAILS,
    asked,
    begun,
    prompt_of,
    reply,
    reply_all,
    sections,
    whole,
    words,
)

pytestmark = pytest.mark.django_db


def total(article) -> int:
    return sum(word_count(section.current.text) for section in sections(article))


def short(writing):
    """Write 60 of 100 words; of what is missing, as much as was asked for."""
    if writing.section is None:
        return DETAILS
    return words(35, "more") if writing.asks == Asks.MORE else words(60)


def long(writing):
    if writing.section is None:
        return DETAILS
    return words(104) if writing.asks == Asks.LESS else words(180)


@pytest.mark.parametrize("model_writes", [short, long], ids=["too short", "too long"])
def test_the_length_is_met_within_fifteen_per_cent(owner, model, model_writes):
    article = begun(owner, model)
    assert reply_all(article, model_writes) == 2 * 3 + 1
    assert abs(total(article) - 300) <= 0.15 * 300
    assert all(section.versions.count() == 1 for section in sections(article))


def test_what_is_missing_is_asked_for_with_the_text_there_is(owner, model):
    article = begun(owner, model)
    reply(asked(article)[0], words(60))
    again = asked(article)[0]
    prompt = prompt_of(again.run, model)
    assert "About 40 words are missing" in prompt
    assert words(60) in prompt
    assert again.run.prefix == f"{words(60)}\n\n"
    reply(again, f"## The sun as a compass\n\n{words(40, 'more')}")
    assert sections(article)[0].current.text == f"{words(60)}\n\n{words(40, 'more')}"


def test_a_model_that_never_learns_is_asked_three_times_and_the_nearest_is_kept(owner, model):
    article = begun(owner, model)
    lengths = iter([180, 150, 160])
    while any(w.section and w.section.position == 0 for w in asked(article)):
        reply(asked(article)[0], words(next(lengths)))
    assert word_count(sections(article)[0].current.text) == 150
    assert next(lengths, None) is None


def test_one_that_grows_too_long_by_more_is_asked_for_less(owner, model):
    article = begun(owner, model)
    reply(asked(article)[0], words(50))
    reply(asked(article)[0], words(90))
    again = asked(article)[0]
    assert again.asks == Asks.LESS
    assert again.run.prefix == ""
    reply(again, words(98))
    assert word_count(sections(article)[0].current.text) == 98


def test_a_cut_answer_is_gone_on_with_in_the_middle_of_a_word(owner, model):
    article = begun(owner, model)
    reply(asked(article)[0], words(50) + " hal", reason="length")
    again = asked(article)[0]
    assert again.run.prefix.endswith(" hal")
    reply(again, "ves " + words(49))
    assert " halves " in sections(article)[0].current.text


def test_a_model_that_finds_no_end_is_cut_at_the_end_of_a_sentence(owner, model):
    article = begun(owner, model)
    reply(asked(article)[0], words(500), reason="length")
    section = sections(article)[0]
    assert section.current.text == words(108)
    assert section.current.is_whole
    assert not any(writing.section == section for writing in asked(article))


@pytest.mark.parametrize(
    ("text", "count", "kept"),
    [
        ("One two. Three four. Five six seven eight nine", 4, "One two. Three four."),
        ("one two three four five six seven", 4, "one two three four"),
        ("一二。三四。五六七八九十", 4, "一二。三四。"),
        ("", 4, ""),
    ],
    ids=["sentences", "none", "Chinese", "empty"],
)
def test_where_a_text_without_an_end_is_cut(text, count, kept):
    assert trimmed(text, count) == kept


@pytest.mark.parametrize(("act", "wanted"), [(Act.SHORTER, 60), (Act.LONGER, 150)])
def test_shorter_and_longer_are_meant(owner, model, act, wanted):
    article = whole(owner, model)
    section = sections(article)[0]
    rewrite_section(section, act, model, uuid.uuid4())
    assert f"about {wanted} words" in prompt_of(asked(article)[0].run, model)
    reply_all(article, lambda writing: words(wanted, "new"))
    section = sections(article)[0]
    assert (section.words, word_count(section.current.text)) == (wanted, wanted)
    assert (section.current.number, section.current.act) == (2, act)


def test_words_are_counted_without_marks_and_chinese_by_its_characters():
    assert word_count("## A *title*\n\n- one\n- two\n\n1. three") == 5
    assert word_count("It **begins**, _so_ `to say`.") == 5
    assert word_count("蜜蜂回家 by 路") == 6
    assert word_count("") == 0
    assert is_as_long(words(115), 100)
    assert not is_as_long(words(84), 100)
    assert nearer("a b c", "a", 2) == "a b c"
    assert shares(10, 3) == [4, 3, 3]
